"""Dropping what Stripe keeps for a limited time: events, their deliveries, and answers under idempotency keys."""

from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.events import queue, recording, thin
from sandbox.http import idempotency

SETTING = "expired_on"
KEPT_SECONDS = {
    "event": recording.KEPT_SECONDS,
    thin.KIND: recording.KEPT_SECONDS,
    queue.KIND: recording.KEPT_SECONDS,
    idempotency.KIND: idempotency.KEPT_SECONDS,
}


def drop_expired(account: Account) -> None:
    """Drop, once a day of the clock, what was kept for long enough."""
    today = account.now // DAY
    if account.store.setting(SETTING) == today:
        return
    account.store.save_setting(SETTING, today)
    unsent_since = _unsent_since(account)
    for kind, seconds in KEPT_SECONDS.items():
        account.store.drop_before(kind, min(account.now - seconds, unsent_since))


def _unsent_since(account: Account) -> int:
    """Return when the oldest event that still waits for its delivery was made, or now if there is none.

    The clock may pass months in one move, and the deliveries begin after it.
    """
    deliveries = account.store.scan(queue.KIND, index={"state": ("waiting", "held")}, oldest_first=True)
    oldest = next(deliveries, None)
    return oldest["created"] if oldest else account.now

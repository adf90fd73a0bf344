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
    for kind, seconds in KEPT_SECONDS.items():
        account.store.drop_before(kind, account.now - seconds)

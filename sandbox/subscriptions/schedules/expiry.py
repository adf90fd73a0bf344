"""The event `subscription_schedule.expiring`, seven days before the last phase of a schedule ends."""

from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object

NOTICE = 7 * DAY


def plan(account: Account, schedule: Object) -> None:
    """Save the time of the event; there is none if the last phase ends sooner."""
    moment = schedule["phases"][-1]["end_date"] - NOTICE
    if moment > account.now:
        account.store.set_due("subscription_schedule", schedule["id"], moment)
    else:
        account.store.clear_due("subscription_schedule", schedule["id"])


def announce(account: Account, schedule: Object) -> None:
    account.store.clear_due("subscription_schedule", schedule["id"])
    account.emit("subscription_schedule.expiring", schedule)

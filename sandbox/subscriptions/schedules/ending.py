"""How a schedule and its subscription part: released, completed, canceled, aborted."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state

RUNNING = {"active", "not_started"}
NO_SCHEDULE = {"_phase_end": None, "schedule": None}
# What is left of the end that a schedule with end_behavior "cancel" sets on its subscription, once it is taken back.
NO_END = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}


def release(account: Account, schedule: Object, subscription: Object, *, keeps_end: bool = False) -> None:
    """Let the subscription go on without the schedule, and without the end that it has set, unless `keeps_end`."""
    _let_go(account, schedule, {"released_at": account.now, "status": "released"})
    changes: Object = dict(NO_SCHEDULE)
    if schedule["end_behavior"] == "cancel" and not keeps_end:
        changes |= NO_END | {"cancellation_details": {**subscription["cancellation_details"], "reason": None}}
    _keep(account, subscription, changes)
    account.emit("subscription_schedule.released", schedule)


def complete(account: Account, schedule: Object, subscription: Object) -> None:
    """End a schedule whose last phase is over; the subscription goes on without it."""
    _let_go(account, schedule, {"completed_at": account.now, "status": "completed"})
    _keep(account, subscription, NO_SCHEDULE)
    account.emit("subscription_schedule.completed", schedule)


def close(account: Account, subscription: Object, *, reason: str | None) -> None:
    """End the schedule of a subscription that has just ended, if it has one, the way its subscription did."""
    if subscription["schedule"] is None:
        return
    schedule = account.find("subscription_schedule", subscription["schedule"])
    if schedule["end_behavior"] == "cancel" and schedule["phases"][-1]["end_date"] <= account.now:
        changes, event = {"completed_at": account.now, "status": "completed"}, "completed"
    else:
        changes = {"canceled_at": account.now, "status": "canceled"}
        event = "aborted" if reason == "payment_failed" else "canceled"
    account.change(schedule, {**changes, "current_phase": None})
    account.emit(f"subscription_schedule.{event}", schedule)


def _let_go(account: Account, schedule: Object, changes: Object) -> None:
    subscription_id = schedule["subscription"]
    parted = {"current_phase": None, "released_subscription": subscription_id, "subscription": None}
    account.change(schedule, {**changes, **parted})


def _keep(account: Account, subscription: Object, changes: Object) -> None:
    account.change(subscription, changes, event="customer.subscription.updated")
    subscription_state.set_due(account, subscription)

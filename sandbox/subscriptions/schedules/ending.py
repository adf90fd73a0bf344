"""End a schedule: release it, complete it, or cancel or abort it together with its subscription."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state

RUNNING = {"active", "not_started"}
NO_SCHEDULE = {"_pauses_at": None, "_phase_end": None, "_resumes_at": None, "schedule": None}
# The members of a subscription after the end that its schedule set has been removed.
NO_SCHEDULED_END = {"cancel_at": None, "cancel_at_period_end": False, "canceled_at": None}


def release(account: Account, schedule: Object, subscription: Object, *, keeps_cancel_date: bool = False) -> None:
    """Detach the schedule; the subscription continues.

    Also remove the end that the schedule set on its subscription, unless `keeps_cancel_date`.
    """
    _detach_schedule(account, schedule, {"released_at": account.now, "status": "released"})
    changes: Object = dict(NO_SCHEDULE)
    if schedule["end_behavior"] == "cancel" and not keeps_cancel_date:
        changes |= NO_SCHEDULED_END | {
            "cancellation_details": {**subscription["cancellation_details"], "reason": None}
        }
    _detach_subscription(account, subscription, changes)
    account.emit("subscription_schedule.released", schedule)


def release_before_start(account: Account, schedule: Object) -> None:
    """Release a schedule that has not started: it will never create a subscription."""
    account.store.clear_due("subscription_schedule", schedule["id"])
    account.change(schedule, {"released_at": account.now, "status": "released"})
    account.emit("subscription_schedule.released", schedule)


def cancel_before_start(account: Account, schedule: Object) -> None:
    """Cancel a schedule that has not started."""
    account.store.clear_due("subscription_schedule", schedule["id"])
    account.change(schedule, {"canceled_at": account.now, "status": "canceled"})
    account.emit("subscription_schedule.canceled", schedule)


def complete(account: Account, schedule: Object, subscription: Object) -> None:
    """Complete a schedule whose last phase is over; the subscription continues without it."""
    _detach_schedule(account, schedule, {"completed_at": account.now, "status": "completed"})
    _detach_subscription(account, subscription, NO_SCHEDULE)
    account.emit("subscription_schedule.completed", schedule)


def end_with_subscription(account: Account, subscription: Object, *, reason: str | None) -> None:
    """End the schedule of a subscription that has just ended, if it has one.

    It is completed if its last phase was to cancel the subscription, aborted if a payment failed, otherwise canceled.
    """
    if subscription["schedule"] is None:
        return
    schedule = account.find("subscription_schedule", subscription["schedule"])
    if schedule["end_behavior"] == "cancel" and schedule["phases"][-1]["end_date"] <= account.now:
        changes, event = {"completed_at": account.now, "status": "completed"}, "completed"
    else:
        changes = {"canceled_at": account.now, "status": "canceled"}
        event = "aborted" if reason == "payment_failed" else "canceled"
    account.store.clear_due("subscription_schedule", schedule["id"])
    account.change(schedule, {**changes, "current_phase": None})
    account.emit(f"subscription_schedule.{event}", schedule)


def _detach_schedule(account: Account, schedule: Object, changes: Object) -> None:
    account.store.clear_due("subscription_schedule", schedule["id"])
    subscription_id = schedule["subscription"]
    parted = {"current_phase": None, "released_subscription": subscription_id, "subscription": None}
    account.change(schedule, {**changes, **parted})


def _detach_subscription(account: Account, subscription: Object, changes: Object) -> None:
    account.change(subscription, changes, event="customer.subscription.updated")
    subscription_state.set_due(account, subscription)

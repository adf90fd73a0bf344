"""Which subscriptions can be paused: https://docs.stripe.com/billing/subscriptions/pause#limitations"""

from sandbox.core.store import Object

PAUSABLE = ("active", "past_due")


def why_not(subscription: Object, *, by_schedule: bool = False) -> str | None:
    """Return the reason why the subscription can't be paused, None if it can.

    A subscription with a schedule can only be paused `by_schedule`.
    """
    if subscription["status"] not in PAUSABLE:
        return f"You cannot pause a subscription that is in the `{subscription['status']}` status."
    if subscription["billing_mode"]["type"] != "flexible":
        return "Only subscriptions with `billing_mode[type]=flexible` can be paused."
    if subscription["collection_method"] != "charge_automatically":
        return "Only subscriptions with `collection_method=charge_automatically` can be paused."
    if subscription["pause_collection"]:
        return "You cannot pause a subscription whose payment collection is paused. Remove `pause_collection` first."
    if subscription["schedule"] and not by_schedule:
        return (
            f"You cannot pause a subscription that is managed by the subscription schedule "
            f"`{subscription['schedule']}`. Use `pause_schedules` of the schedule instead."
        )
    if subscription["pending_update"]:
        return "You cannot pause a subscription that has a pending update."
    return None

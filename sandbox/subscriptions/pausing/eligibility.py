"""Which subscriptions can be paused: https://docs.stripe.com/billing/subscriptions/pause#limitations"""

from sandbox.catalog.meters import usage
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params

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


def refuse_to_bill_usage(subscription: Object, bill_for: Params, *, path: str) -> None:
    """Raise ApiError if the pause would bill usage, which it does by default; `path` is the parameter `bill_for`."""
    bills_usage = bill_for.get("outstanding_usage_through", {}).get("type") != "none"
    if bills_usage and any(usage.is_metered(item["price"]) for item in subscription["items"]["data"]):
        raise ApiError.unsupported_parameter(f"{path}[outstanding_usage_through]")

"""Pause a subscription, for as long as the configuration offers, and resume it before that.

Decided here, because Stripe's documentation does not say: a pause with an end is a schedule of the subscription.
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.portal import visits
from sandbox.portal.visits import Visit
from sandbox.subscriptions.pausing import eligibility
from sandbox.subscriptions.pausing import routes as pausing_routes
from sandbox.subscriptions.schedules import routes as schedule_routes


def durations(visit: Visit) -> list[Object]:
    """Return the durations to choose from; none if customers pause until they resume."""
    duration = visit.features["subscription_pause"]["duration"]
    offered: list[Object] = duration["interval_options"]
    return offered if duration["type"] == "interval_options" else []


def can_pause(visit: Visit, subscription: Object) -> bool:
    """Tell whether the portal lets the customer pause this subscription."""
    is_enabled = visit.features["subscription_pause"]["enabled"] and subscription["cancel_at"] is None
    return bool(is_enabled and eligibility.why_not(subscription) is None)


def pause(account: Account, visit: Visit, subscription_id: str | None, *, option: int = 0) -> Object:
    """Pause the subscription now; `option` is the position of the chosen duration, if the portal offers some."""
    visit.feature("subscription_pause")
    subscription = visits.subscription(account, visit, subscription_id)
    if reason := eligibility.why_not(subscription):
        raise ApiError.invalid(reason)
    offered = durations(visit)
    if not offered:
        return pausing_routes.pause(account, {}, subscription["id"])
    if option >= len(offered):
        raise ApiError.invalid("This portal does not offer this duration.", param="duration")
    planned = {"pause": {"pause_at": {"type": "now"}}, "resume": _resume_at("duration", duration=offered[option])}
    schedule_routes.create(account, {"from_subscription": subscription["id"], "pause_schedules": [planned]})
    return account.find("subscription", subscription["id"])


def resume(account: Account, subscription: Object) -> Object:
    """Resume a paused subscription now. Raises ApiError (402) if the payment that this needs is refused."""
    if subscription["schedule"] is None:
        params = {"payment_behavior": "resume_on_payment_success"}
        return pausing_routes.resume(account, params, subscription["id"])
    [planned] = account.find("subscription_schedule", subscription["schedule"])["pause_schedules"]
    change = {"key": planned["key"], "resume": _resume_at("now")}
    schedule_routes.update(account, {"pause_schedules": [change]}, subscription["schedule"])
    return account.find("subscription", subscription["id"])


def _resume_at(kind: str, **details: Any) -> dict[str, Any]:
    return {"resume_at": {"type": kind, **details}}

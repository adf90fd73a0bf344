"""Cancel a subscription, keep it for a discount that the seller offers, or undo the cancellation."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.portal import visits
from sandbox.portal.actions import pausing
from sandbox.portal.visits import Visit
from sandbox.subscriptions import routes as subscription_routes
from sandbox.subscriptions.changes import request as change_request


def cancel(
    account: Account,
    visit: Visit,
    subscription_id: str | None,
    *,
    feedback: str | None = None,
    comment: str | None = None,
) -> Object:
    """Cancel at the end of the period, or immediately if the configuration says so.

    In the flexible billing mode Stripe sets only `cancel_at`, in the classic mode `cancel_at_period_end` too:
    https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    """
    if not visit.features["subscription_cancel"]["enabled"]:
        raise ApiError.invalid("This portal does not let customers cancel.")
    chosen = visits.subscription(account, visit, subscription_id)
    given = {name: value for name, value in (("comment", comment), ("feedback", feedback)) if value}
    details: dict[str, Any] = {"cancellation_details": given} if given else {}
    if visit.cancels_at_once:
        prorate = visit.features["subscription_cancel"]["proration_behavior"] == "create_prorations"
        return subscription_routes.cancel(account, {"prorate": prorate, **details}, chosen["id"])
    if chosen["cancel_at"] is not None:
        raise ApiError.invalid("This subscription is already set to be canceled.")
    if chosen["billing_mode"]["type"] == "classic":
        return change_request.update(account, chosen, {"cancel_at_period_end": True, **details})
    return change_request.update(account, chosen, {"cancel_at": "max_period_end", **details})


def offer(account: Account, visit: Visit, subscription_id: str) -> Object | None:
    """Return the coupon that the session offers for keeping the subscription, if any."""
    flow = (visit.session["flow"] or {}).get("subscription_cancel") or {}
    if flow.get("subscription") != subscription_id or not flow["retention"]:
        return None
    return account.get("coupon", flow["retention"]["coupon_offer"]["coupon"])


def accept_offer(account: Account, visit: Visit, subscription_id: str | None) -> Object:
    """Keep the subscription with the offered coupon. Raises ApiError (400) if the session offers none."""
    chosen = visits.subscription(account, visit, subscription_id)
    coupon = offer(account, visit, chosen["id"])
    if coupon is None:
        raise ApiError.invalid("This portal offers no discount for keeping the subscription.")
    return change_request.update(account, chosen, {"discounts": [{"coupon": coupon["id"]}]})


def resume(account: Account, visit: Visit, subscription_id: str | None) -> Object:
    """Remove the scheduled end of a subscription, or resume a paused one."""
    chosen = visits.subscription(account, visit, subscription_id)
    if chosen["status"] == "paused" and chosen["cancel_at"] is None:
        return pausing.resume(account, chosen)
    if chosen["cancel_at"] is None:
        raise ApiError.invalid("This subscription is not set to be canceled.")
    return change_request.update(account, chosen, {"cancel_at_period_end": False})

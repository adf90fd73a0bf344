"""Read the `flow_data` of a portal session: the one action at which it opens, and what follows it."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.portal import shapes, visits
from sandbox.portal.actions import plan_changes
from sandbox.portal.visits import Visit
from sandbox.subscriptions.pausing import eligibility

# The feature that each flow needs.
FEATURES = {
    "customer_update": "customer_update",
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
    "subscription_pause": "subscription_pause",
    "subscription_update": "subscription_update",
    "subscription_update_confirm": "subscription_update",
}


def read(account: Account, given: Params, visit: Visit) -> Object:
    """Return the flow. Raises ApiError if its feature is disabled, or the subscription does not allow it."""
    kind = given["type"]
    if not visit.features[FEATURES[kind]]["enabled"]:
        raise ApiError.invalid(
            f"The `{FEATURES[kind]}` feature in the portal configuration is disabled. Enable it to use this flow.",
            param="flow_data[type]",
        )
    details = _details(account, given, visit) if kind.startswith("subscription_") else {}
    return shapes.flow(kind=kind, after=_after_completion(given.get("after_completion")), details=details)


def choice(account: Account, visit: Visit) -> plan_changes.Choice:
    """Return the plan that a session of type `subscription_update_confirm` asks to confirm."""
    wanted = visit.session["flow"]["subscription_update_confirm"]
    subscription = visits.subscription(account, visit, wanted["subscription"])
    [item] = wanted["items"]
    return plan_changes.choose(
        account,
        visit,
        subscription,
        price_id=item["price"],
        quantity=item["quantity"],
        discounts=[{name: value for name, value in each.items() if value} for each in wanted["discounts"] or []],
    )


def _details(account: Account, given: Params, visit: Visit) -> dict[str, Any]:
    kind = given["type"]
    if kind not in given:
        raise ApiError.missing_parameter(f"flow_data[{kind}]")
    path = f"flow_data[{kind}]"
    subscription = _subscription(account, given[kind]["subscription"], visit, f"{path}[subscription]")
    details: dict[str, Any] = {"subscription": subscription["id"]}
    if kind == "subscription_cancel":
        details["retention"] = _retention(account, given[kind].get("retention"), path)
    if kind in {"subscription_update", "subscription_update_confirm"} and (
        reason := plan_changes.why_not(subscription)
    ):
        raise ApiError.invalid(reason, param=f"{path}[subscription]")
    if kind == "subscription_pause" and (reason := eligibility.why_not(subscription)):
        raise ApiError.invalid(reason, param=f"{path}[subscription]")
    if kind == "subscription_update_confirm":
        details |= _confirmation(account, given[kind], visit, subscription)
    return details


def _subscription(account: Account, subscription_id: str, visit: Visit, param: str) -> Object:
    found = account.find("subscription", subscription_id, param=param)
    if found["customer"] != visit.customer["id"]:
        raise ApiError.missing("subscription", subscription_id, param=param, status=400)
    if found["status"] in {"canceled", "incomplete_expired"} or found["cancel_at"] is not None:
        raise ApiError.invalid(f"The subscription `{subscription_id}` is canceled, or set to be.", param=param)
    return found


def _retention(account: Account, given: Params | None, path: str) -> Object | None:
    if given is None:
        return None
    param = f"{path}[retention][coupon_offer][coupon]"
    coupon = account.find("coupon", given["coupon_offer"]["coupon"], param=param)
    if not coupon["valid"]:
        raise ApiError.invalid(f"Coupon expired: {coupon['id']}", param=param, code="coupon_expired")
    return {"coupon_offer": {"coupon": coupon["id"]}, "type": "coupon_offer"}


def _confirmation(account: Account, given: Params, visit: Visit, subscription: Object) -> dict[str, Any]:
    """Return the items and discounts to confirm, after the same checks as on the page."""
    path = "flow_data[subscription_update_confirm]"
    items = limits.items(given["items"], param=f"{path}[items]", most=1)
    present = subscription["items"]["data"][0]["id"]
    if not items or items[0]["id"] != present:
        raise ApiError.invalid(f"The item to update must be `{present}`.", param=f"{path}[items]")
    discounts = limits.items(given.get("discounts") or [], param=f"{path}[discounts]", most=1)
    plan_changes.choose(
        account,
        visit,
        subscription,
        price_id=items[0].get("price"),
        quantity=items[0].get("quantity"),
        discounts=discounts,
    )
    return {
        "discounts": [{"coupon": None, "promotion_code": None, **each} for each in discounts] or None,
        "items": [{"id": present, "price": items[0].get("price"), "quantity": items[0].get("quantity")}],
    }


def _after_completion(given: Params | None) -> Object:
    """Return `after_completion`: where the customer goes after the action, by default the portal's home page."""
    if given is None:
        return {"type": "portal_homepage"}
    if given["type"] == "redirect":
        if "redirect" not in given:
            raise ApiError.missing_parameter("flow_data[after_completion][redirect]")
        limits.url(given["redirect"]["return_url"], param="flow_data[after_completion][redirect][return_url]")
    if given["type"] == "hosted_confirmation":
        message = given.get("hosted_confirmation", {}).get("custom_message")
        return {"hosted_confirmation": {"custom_message": message}, "type": given["type"]}
    return dict(given)

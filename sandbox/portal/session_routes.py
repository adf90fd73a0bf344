"""The `/v1/billing_portal/sessions` route: create a session. As at Stripe, sessions can't be listed or retrieved."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import subscription_state
from sandbox.portal import configuration_routes, shapes

UNSUPPORTED = ("after_expiration", "customer_account", "on_behalf_of")
FLOWS = ("payment_method_update", "subscription_cancel")


def create(account: Account, params: Params) -> Object:
    """Create a portal session for a customer; with `flow_data` it opens directly at one action."""
    limits.refuse_unsupported(params, *UNSUPPORTED)
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    configuration = _configuration(account, params)
    members: dict[str, Any] = {
        "flow": _flow(account, params["flow_data"], customer, configuration) if "flow_data" in params else None,
        "locale": params.get("locale"),
        "return_url": configuration["default_return_url"],
    }
    if "return_url" in params:
        members["return_url"] = limits.url(params["return_url"], param="return_url")
    session = shapes.session(
        customer=customer["id"],
        configuration=configuration["id"],
        created=account.now,
        base_url=account.base_url,
        members=members,
    )
    return account.add(session, event="billing_portal.session.created")


def _configuration(account: Account, params: Params) -> Object:
    if "configuration" not in params:
        return configuration_routes.default(account)
    found = account.find(configuration_routes.KIND, params["configuration"], param="configuration")
    if not found["active"]:
        raise ApiError.invalid("The portal configuration is inactive.", param="configuration")
    return found


def _flow(account: Account, given: Params, customer: Object, configuration: Object) -> Object:
    kind = given["type"]
    if kind not in FLOWS:
        raise ApiError.unsupported_parameter("flow_data[type]")
    if not configuration["features"][kind]["enabled"]:
        raise ApiError.invalid(
            f"The `{kind}` feature in the portal configuration is disabled. Enable it to use this flow.",
            param="flow_data[type]",
        )
    subscription = _subscription(account, given, customer) if kind == "subscription_cancel" else None
    return shapes.flow(kind=kind, after=_after_completion(given.get("after_completion")), subscription=subscription)


def _subscription(account: Account, given: Params, customer: Object) -> str:
    if "subscription_cancel" not in given:
        raise ApiError.missing_parameter("flow_data[subscription_cancel]")
    if "retention" in given["subscription_cancel"]:
        raise ApiError.unsupported_parameter("flow_data[subscription_cancel][retention]")
    subscription_id: str = given["subscription_cancel"]["subscription"]
    param = "flow_data[subscription_cancel][subscription]"
    found = account.find("subscription", subscription_id, param=param)
    if found["customer"] != customer["id"]:
        raise ApiError.missing("subscription", subscription_id, param=param, status=400)
    if subscription_state.has_ended(found) or found["cancel_at"] is not None:
        raise ApiError.invalid(f"The subscription `{subscription_id}` is canceled, or set to be.", param=param)
    return subscription_id


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


ROUTES: Routes = [("POST", "/v1/billing_portal/sessions", create)]

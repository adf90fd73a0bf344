"""The `/v1/billing_portal/sessions` route: create a session. As at Stripe, sessions can't be listed or retrieved."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.portal import configuration_routes, flows, shapes
from sandbox.portal.visits import Visit

UNSUPPORTED = ("after_expiration", "customer_account", "on_behalf_of")


def create(account: Account, params: Params) -> Object:
    """Create a portal session for a customer; with `flow_data` it opens directly at one action."""
    limits.refuse_unsupported(params, *UNSUPPORTED)
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    configuration = _configuration(account, params)
    members: dict[str, Any] = {"locale": params.get("locale"), "return_url": configuration["default_return_url"]}
    if "return_url" in params:
        members["return_url"] = limits.url(params["return_url"], param="return_url")
    session = shapes.session(
        customer=customer["id"],
        configuration=configuration["id"],
        created=account.now,
        base_url=account.base_url,
        members=members,
    )
    if "flow_data" in params:
        session["flow"] = flows.read(account, params["flow_data"], Visit(session, customer, configuration["features"]))
    return account.add(session, event="billing_portal.session.created")


def _configuration(account: Account, params: Params) -> Object:
    if "configuration" not in params:
        return configuration_routes.default(account)
    found = account.find(configuration_routes.KIND, params["configuration"], param="configuration")
    if not found["active"]:
        raise ApiError.invalid("The portal configuration is inactive.", param="configuration")
    return found


ROUTES: Routes = [("POST", "/v1/billing_portal/sessions", create)]

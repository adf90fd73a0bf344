"""The `/v1/billing_portal/configurations` routes: which features customers may use in the portal.

There is always a default configuration, as if it had been saved in Stripe's dashboard.
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.portal import features, shapes

KIND = "billing_portal.configuration"


def create(account: Account, params: Params) -> Object:
    configuration = shapes.configuration(created=account.now, features=shapes.features(enabled=False))
    configuration |= _members(params, configuration)
    configuration["features"] = features.merged(account, configuration["features"], params["features"])
    return account.add(configuration, event="billing_portal.configuration.created")


def default(account: Account) -> Object:
    """Return the default configuration; creates it on first use."""
    for configuration in account.store.scan(KIND):
        if configuration["is_default"]:
            return configuration
    configuration = shapes.configuration(created=account.now, features=shapes.features(enabled=True))
    configuration["is_default"] = True
    return account.add(configuration, event="billing_portal.configuration.created")


def retrieve(account: Account, _params: Params, configuration_id: str) -> Object:
    return account.find(KIND, configuration_id)


def update(account: Account, params: Params, configuration_id: str) -> Object:
    configuration = account.find(KIND, configuration_id)
    changes = _members(params, configuration) | listing.given(params, "active")
    if configuration["is_default"] and changes.get("active") is False:
        raise ApiError.invalid("You cannot deactivate the default configuration.", param="active")
    if "features" in params:
        changes["features"] = features.merged(account, configuration["features"], params["features"])
    changes["updated"] = account.now
    return account.change(configuration, changes, event="billing_portal.configuration.updated")


def list_all(account: Account, params: Params) -> Object:
    default(account)
    wanted = listing.given(params, "active", "is_default")
    return listing.page(
        account,
        KIND,
        params,
        where=lambda configuration: listing.matches(configuration, wanted),
    )


def _members(params: Params, current: Object) -> dict[str, Any]:
    limits.refuse_unsupported(params, "login_page")
    members: dict[str, Any] = {name: params[name] or None for name in ("default_return_url", "name") if name in params}
    if members.get("default_return_url"):
        limits.url(members["default_return_url"], param="default_return_url")
    if "business_profile" in params:
        given = {name: value or None for name, value in params["business_profile"].items()}
        members["business_profile"] = {**current["business_profile"], **given}
    if "metadata" in params:
        members["metadata"] = metadata.merged(current["metadata"], params)
    return members


ROUTES: Routes = [
    ("POST", "/v1/billing_portal/configurations", create),
    ("GET", "/v1/billing_portal/configurations", list_all),
    ("GET", "/v1/billing_portal/configurations/<configuration_id>", retrieve),
    ("POST", "/v1/billing_portal/configurations/<configuration_id>", update),
]

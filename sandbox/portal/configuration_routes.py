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
from sandbox.portal import shapes

KIND = "billing_portal.configuration"
UNSUPPORTED_FEATURES = ("customer_update", "subscription_pause", "subscription_update")


def create(account: Account, params: Params) -> Object:
    configuration = shapes.configuration(created=account.now, features=shapes.features(enabled=False))
    configuration |= _members(params, configuration)
    configuration["features"] = _features(configuration["features"], params["features"])
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
        changes["features"] = _features(configuration["features"], params["features"])
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


def _features(current: Object, given: Params) -> Object:
    """Merge the given features into the current ones. Raises ApiError if a feature is not supported here."""
    for name in UNSUPPORTED_FEATURES:
        if given.get(name, {}).get("enabled"):
            raise ApiError.unsupported_parameter(f"features[{name}][enabled]")
    methods, cancel = given.get("payment_method_update", {}), given.get("subscription_cancel", {})
    if "payment_method_configuration" in methods:
        raise ApiError.unsupported_parameter("features[payment_method_update][payment_method_configuration]")
    features = _merged(current, {name: value for name, value in given.items() if name not in UNSUPPORTED_FEATURES})
    _check_cancel(features["subscription_cancel"], cancel)
    return features


def _check_cancel(feature: Object, given: Params) -> None:
    path = "features[subscription_cancel]"
    if "feedback_options" in given.get("cancellation_reason", {}):
        raise ApiError.unsupported_parameter(f"{path}[cancellation_reason][feedback_options]")
    proration = feature["proration_behavior"]
    if proration == "always_invoice" or (proration != "none" and feature["mode"] != "immediately"):
        raise ApiError.invalid(
            f"`proration_behavior` cannot be `{proration}` when `mode` is `{feature['mode']}`.",
            param=f"{path}[proration_behavior]",
        )


def _merged(current: Object, given: Params) -> Object:
    """Return `current` with the given members merged in, nested ones too; an empty text empties a list."""
    merged = dict(current)
    for name, value in given.items():
        is_nested = isinstance(value, dict) and isinstance(current.get(name), dict)
        merged[name] = _merged(current[name], value) if is_nested else ([] if value == "" else value)
    return merged


ROUTES: Routes = [
    ("POST", "/v1/billing_portal/configurations", create),
    ("GET", "/v1/billing_portal/configurations", list_all),
    ("GET", "/v1/billing_portal/configurations/<configuration_id>", retrieve),
    ("POST", "/v1/billing_portal/configurations/<configuration_id>", update),
]

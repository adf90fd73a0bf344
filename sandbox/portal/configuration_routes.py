"""Configurations of the billing portal: what customers may do there.

One is the default, as if somebody had saved it in the dashboard.
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
NOT_PLAYED = ("customer_update", "subscription_pause", "subscription_update")


def create(account: Account, params: Params) -> Object:
    made = shapes.configuration(created=account.now, features=shapes.features(enabled=False))
    made |= _members(params, made)
    made["features"] = _features(made["features"], params["features"])
    return account.add(made, event="billing_portal.configuration.created")


def default(account: Account) -> Object:
    """Return the default configuration, made when it is first asked for."""
    for found in account.store.scan(KIND):
        if found["is_default"]:
            return found
    made = shapes.configuration(created=account.now, features=shapes.features(enabled=True))
    made["is_default"] = True
    return account.add(made, event="billing_portal.configuration.created")


def retrieve(account: Account, _params: Params, configuration_id: str) -> Object:
    return account.find(KIND, configuration_id)


def update(account: Account, params: Params, configuration_id: str) -> Object:
    found = account.find(KIND, configuration_id)
    changes = _members(params, found) | listing.given(params, "active")
    if found["is_default"] and changes.get("active") is False:
        raise ApiError.invalid("You cannot deactivate the default configuration.", param="active")
    if "features" in params:
        changes["features"] = _features(found["features"], params["features"])
    changes["updated"] = account.now
    return account.change(found, changes, event="billing_portal.configuration.updated")


def list_all(account: Account, params: Params) -> Object:
    default(account)
    wanted = listing.given(params, "active", "is_default")
    return listing.page(
        account,
        KIND,
        params,
        where=lambda found: listing.matches(found, wanted),
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
    """Lay the given features over the current ones; what the sandbox does not play can only be off."""
    for name in NOT_PLAYED:
        if given.get(name, {}).get("enabled"):
            raise ApiError.unsupported_parameter(f"features[{name}][enabled]")
    methods, cancel = given.get("payment_method_update", {}), given.get("subscription_cancel", {})
    if "payment_method_configuration" in methods:
        raise ApiError.unsupported_parameter("features[payment_method_update][payment_method_configuration]")
    features = _laid_over(current, {name: value for name, value in given.items() if name not in NOT_PLAYED})
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


def _laid_over(current: Object, given: Params) -> Object:
    """Return nested members with the given ones in place; an empty text empties a list."""
    merged = dict(current)
    for name, value in given.items():
        is_nested = isinstance(value, dict) and isinstance(current.get(name), dict)
        merged[name] = _laid_over(current[name], value) if is_nested else ([] if value == "" else value)
    return merged


ROUTES: Routes = [
    ("POST", "/v1/billing_portal/configurations", create),
    ("GET", "/v1/billing_portal/configurations", list_all),
    ("GET", "/v1/billing_portal/configurations/<configuration_id>", retrieve),
    ("POST", "/v1/billing_portal/configurations/<configuration_id>", update),
]

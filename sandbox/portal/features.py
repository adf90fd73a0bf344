"""Read and check the `features` of a portal configuration."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params

MAX_PRODUCTS = 10
LONGEST_PAUSE = {"day": 1095, "week": 156, "month": 36, "year": 3}


def merged(account: Account, current: Object, given: Params) -> Object:
    """Merge the given features into the current ones, and check them."""
    methods = given.get("payment_method_update", {})
    if "payment_method_configuration" in methods:
        raise ApiError.unsupported_parameter("features[payment_method_update][payment_method_configuration]")
    features = _merge(current, given)
    _check_contact_details(features["customer_update"])
    _check_cancel(features["subscription_cancel"], given.get("subscription_cancel", {}))
    _check_pause(features["subscription_pause"])
    features["subscription_update"] = _plan_changes(account, features["subscription_update"])
    return features


def _check_contact_details(feature: Object) -> None:
    path = "features[customer_update][allowed_updates]"
    if "tax_id" in feature["allowed_updates"]:
        raise ApiError.unsupported_parameter(f"{path}[tax_id]")
    if feature["enabled"] and not feature["allowed_updates"]:
        raise ApiError.missing_parameter(path)


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


def _check_pause(feature: Object) -> None:
    path = "features[subscription_pause][duration][interval_options]"
    duration = feature["duration"]
    if duration["type"] == "interval_options" and not duration["interval_options"]:
        raise ApiError.missing_parameter(path)
    for index, option in enumerate(duration["interval_options"]):
        option.setdefault("interval_count", 1)
        if not 1 <= option["interval_count"] <= LONGEST_PAUSE[option["interval"]]:
            raise ApiError.invalid("The maximum duration is three years.", param=f"{path}[{index}][interval_count]")


def _plan_changes(account: Account, feature: Object) -> Object:
    """Return the feature with checked products; enabled it needs updates that are allowed, and products."""
    path = "features[subscription_update]"
    given = limits.items(feature["products"] or [], param=f"{path}[products]", most=MAX_PRODUCTS)
    if feature["enabled"]:
        for name in ("default_allowed_updates", "products"):
            if not feature[name]:
                raise ApiError.missing_parameter(f"{path}[{name}]")
    products = [_product(account, each, f"{path}[products][{index}]") for index, each in enumerate(given)]
    return {**feature, "products": products or None}


def _product(account: Account, given: Params, path: str) -> dict[str, Any]:
    product = account.find("product", given["product"], param=f"{path}[product]")
    for index, price_id in enumerate(given["prices"]):
        param = f"{path}[prices][{index}]"
        price = account.find("price", price_id, param=param)
        if price["product"] != product["id"]:
            raise ApiError.invalid(f"The price `{price_id}` belongs to another product.", param=param)
        if not price["recurring"]:
            raise ApiError.invalid("The portal can only offer recurring prices.", param=param)
    limits = given.get("adjustable_quantity") or {"enabled": False}
    least, most = limits.get("minimum", 1), limits.get("maximum")
    if least < 1 or (most is not None and most < least):
        raise ApiError.invalid("The maximum must not be less than the minimum.", param=f"{path}[adjustable_quantity]")
    return {
        "adjustable_quantity": {"enabled": limits["enabled"], "maximum": most, "minimum": least},
        "prices": given["prices"],
        "product": product["id"],
    }


def _merge(current: Object, given: Params) -> Object:
    """Return `current` with the given members merged in, nested ones too; an empty text empties a list."""
    result = dict(current)
    for name, value in given.items():
        is_nested = isinstance(value, dict) and isinstance(current.get(name), dict)
        result[name] = _merge(current[name], value) if is_nested else ([] if value == "" else value)
    return result

"""Rules for creating and changing products and prices, and for lookup keys."""

from decimal import Decimal
from typing import Any

from sandbox.catalog import shapes
from sandbox.core import ids
from sandbox.core.account import Account, difference
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata

Params = dict[str, Any]

UNSUPPORTED = ("currency_options", "custom_unit_amount", "tiers", "tiers_mode", "transform_quantity")
LONGEST_INTERVAL = {"day": 1095, "week": 156, "month": 36, "year": 3}
MAX_LOOKUP_KEY = 200
MAX_IMAGES = 8
MAX_FEATURES = 15
MAX_FEATURE_LENGTH = 80
MAX_STATEMENT_DESCRIPTOR = 22
UNSETTABLE = ("description", "package_dimensions", "statement_descriptor", "tax_code", "unit_label", "url")


def add_product(account: Account, params: Params) -> Object:
    """Create a product from the parameters of `products.create`, or of a price's `product_data`."""
    product_id = params.get("id") or ids.new("product")
    if account.store.get("product", product_id):
        raise ApiError.invalid("Product already exists.", param="id", code="resource_already_exists")
    product = shapes.product(
        product_id=product_id,
        created=account.now,
        active=params.get("active", True),
        kind=params.get("type", "service"),
        shippable=params.get("shippable"),
        metadata=metadata.merged({}, params),
    )
    product |= product_members(params)
    return account.add(product, event="product.created")


def product_members(params: Params) -> Params:
    """Return the checked members of a product that a request sets; an empty text unsets a member."""
    limits.refuse_unsupported(params, "tax_details")
    members = {name: params[name] or None for name in UNSETTABLE if name in params}
    if "name" in params:
        members["name"] = limits.required_text(params["name"], param="name", longest=limits.MAX_NAME)
    limits.text(params.get("description", ""), param="description")
    limits.text(params.get("statement_descriptor", ""), param="statement_descriptor", longest=MAX_STATEMENT_DESCRIPTOR)
    if "images" in params:
        members["images"] = limits.items(params["images"] or [], param="images", most=MAX_IMAGES)
    if "marketing_features" in params:
        features = limits.items(params["marketing_features"] or [], param="marketing_features", most=MAX_FEATURES)
        for index, feature in enumerate(features):
            limits.required_text(
                feature["name"], param=f"marketing_features[{index}][name]", longest=MAX_FEATURE_LENGTH
            )
        members["marketing_features"] = features
    return members


def change_product(account: Account, product: Object, changes: Params) -> Object:
    """Save changes to a product; `updated` is set only if a member changes."""
    if any(product[name] != value for name, value in changes.items()):
        changes = {**changes, "updated": account.now}
    return account.change(product, changes, event="product.updated")


def add_price(account: Account, params: Params, *, product: Object) -> Object:
    """Create a price of the product from the parameters of `prices.create`, or of any `price_data`."""
    limits.refuse_unsupported(params, *UNSUPPORTED)
    recurring = _recurring(params["recurring"]) if "recurring" in params else None
    price = shapes.price(
        product=product["id"],
        created=account.now,
        currency=limits.currency(params["currency"]),
        recurring=recurring,
        active=params.get("active", True),
        nickname=params.get("nickname"),
        tax_behavior=params.get("tax_behavior", "unspecified"),
        metadata=metadata.merged({}, params),
    )
    price |= _amount(params)
    if "lookup_key" in params:
        price["lookup_key"] = assign_lookup_key(account, params, price)
    account.add(price, event="price.created")
    if recurring:
        account.emit("plan.created", shapes.plan(price))
    return price


def change_price(account: Account, price: Object, changes: Params) -> Object:
    """Save changes to a price; for a recurring price Stripe records `plan.updated` too."""
    before = shapes.plan(price) if price["recurring"] else {}
    account.change(price, changes, event="price.updated")
    if before and (previous := difference(before, shapes.plan(price))):
        account.emit("plan.updated", shapes.plan(price), previous=previous)
    return price


def assign_lookup_key(account: Account, params: Params, price: Object) -> str:
    """Return the lookup key for the price, and take it from another price if `transfer_lookup_key` is set.

    Raises ApiError if another price has the key.
    """
    key = limits.text(params["lookup_key"], param="lookup_key", longest=MAX_LOOKUP_KEY)
    for holder in list(account.store.scan("price", index=("lookup_key", key))):
        if holder["id"] == price["id"]:
            continue
        if not params.get("transfer_lookup_key"):
            raise ApiError.invalid(
                f"A price (`{holder['id']}`) already uses that lookup key.",
                param="lookup_key",
                code="resource_already_exists",
            )
        change_price(account, holder, {"lookup_key": None})
    return key


def _amount(params: Params) -> dict[str, Any]:
    """Return the amount as `unit_amount`, None if it has a fraction, and as `unit_amount_decimal`."""
    if "unit_amount" in params and "unit_amount_decimal" in params:
        raise ApiError.invalid("You may only specify one of these parameters: unit_amount, unit_amount_decimal.")
    if "unit_amount" in params:
        amount = limits.amount(params["unit_amount"], param="unit_amount")
        return {"unit_amount": amount, "unit_amount_decimal": str(amount)}
    if "unit_amount_decimal" not in params:
        raise ApiError.invalid("Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")
    exact = Decimal(params["unit_amount_decimal"])
    limits.amount(int(exact) if exact >= 0 else -1, param="unit_amount_decimal")
    whole = int(exact) if exact == int(exact) else None
    return {"unit_amount": whole, "unit_amount_decimal": f"{exact:f}"}


def _recurring(given: Params) -> Params:
    if given.get("meter") or given.get("usage_type") == "metered":
        raise ApiError.unsupported_parameter("recurring[usage_type]")
    interval, count = given["interval"], given.get("interval_count", 1)
    if not 1 <= count <= LONGEST_INTERVAL[interval]:
        raise ApiError.invalid(
            f"Invalid interval_count: {count} for interval: {interval}. The maximum is three years.",
            param="recurring[interval_count]",
        )
    return {
        "interval": interval,
        "interval_count": count,
        "meter": None,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": "licensed",
    }

"""Rules for creating and changing products and prices, and for lookup keys."""

from typing import Any

from sandbox.catalog import amounts, shapes
from sandbox.core import ids
from sandbox.core.account import Account, difference
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata

Params = dict[str, Any]

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
    members = {name: params[name] or None for name in UNSETTABLE if name in params}
    if "name" in params:
        members["name"] = limits.required_text(params["name"], param="name", longest=limits.MAX_NAME)
    limits.text(params.get("description", ""), param="description")
    limits.text(params.get("statement_descriptor", ""), param="statement_descriptor", longest=MAX_STATEMENT_DESCRIPTOR)
    if "tax_details" in params:
        members |= _tax_details(params)
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


def _tax_details(params: Params) -> Params:
    """Return the product's `tax_details`, with the tax code that `tax_code` repeats."""
    given = params["tax_details"]
    if not given:
        return {"tax_details": None}
    if "tax_code" in params and "tax_code" in given:
        raise ApiError.invalid("You may only specify one of these parameters: tax_code, tax_details[tax_code].")
    if "performance_location" in given:
        raise ApiError.unsupported_parameter("tax_details[performance_location]")
    code = given.get("tax_code") or None
    return {"tax_code": code, "tax_details": {"performance_location": None, "tax_code": code}}


def change_product(account: Account, product: Object, changes: Params) -> Object:
    """Save changes to a product; `updated` is set only if a member changes."""
    if any(product.get(name) != value for name, value in changes.items()):
        changes = {**changes, "updated": account.now}
    return account.change(product, changes, event="product.updated")


def add_price(account: Account, params: Params, *, product: Object) -> Object:
    """Create a price of the product from the parameters of `prices.create`, or of any `price_data`.

    `id` is not a parameter of Stripe's prices: plans have it.
    """
    currency = limits.currency(params["currency"])
    recurring = _recurring(account, params["recurring"]) if "recurring" in params else None
    price = shapes.price(
        price_id=params.get("id") or ids.new("price"),
        product=product["id"],
        created=account.now,
        currency=currency,
        recurring=recurring,
        active=params.get("active", True),
        nickname=params.get("nickname"),
        tax_behavior=params.get("tax_behavior", "unspecified"),
        metadata=metadata.merged({}, params),
    )
    price |= amounts.members(params, currency=currency)
    if "lookup_key" in params:
        price["lookup_key"] = assign_lookup_key(account, params, price)
    account.add(price, event="price.created")
    if recurring:
        account.emit("plan.created", shapes.plan(price))
    return price


def usable_price(account: Account, price_id: str, *, kind: str, param: str) -> Object:
    """Return the price. Raises ApiError (400) unless it is active, and of this kind: "one_time" or "recurring"."""
    price = account.find("price", price_id, param=param)
    if not price["active"]:
        raise ApiError.invalid("The price specified is inactive. This field only accepts active prices.", param=param)
    if price["type"] != kind:
        raise ApiError.invalid(
            f"The price specified is set to `type={price['type']}` but this field only accepts prices with "
            f"`type={kind}`.",
            param=param,
        )
    return price


def check_id(account: Account, price_id: str, *, kind: str) -> None:
    """Raise ApiError if a price or plan has the id; a deleted one keeps it."""
    limits.required_text(price_id, param="id")
    if account.store.get("price", price_id):
        raise ApiError.invalid(f"{kind} already exists.", param="id", code="resource_already_exists")


def change_price(account: Account, price: Object, changes: Params) -> Object:
    """Save changes to a price; for a recurring price Stripe records `plan.updated` too."""
    if "tax_behavior" in changes:
        options: Params = changes.get("currency_options") or price["currency_options"]
        own = {price["currency"]: options[price["currency"]] | {"tax_behavior": changes["tax_behavior"]}}
        changes = {**changes, "currency_options": options | own}
    before = shapes.plan(price) if price["recurring"] else {}
    account.change(price, changes, event="price.updated")
    if before and (previous := difference(before, shapes.plan(price))):
        account.emit("plan.updated", shapes.plan(price), previous=previous)
    return price


def check_archivable(account: Account, price: Object) -> None:
    """Raise ApiError if the price is the default price of its product."""
    product = account.get("product", price["product"])
    if product is not None and product["default_price"] == price["id"]:
        raise ApiError.invalid("This price cannot be archived because it is the default price of its product.")


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


def _recurring(account: Account, given: Params) -> Params:
    interval, count = given["interval"], given.get("interval_count", 1)
    if not 1 <= count <= LONGEST_INTERVAL[interval]:
        raise ApiError.invalid(
            f"Invalid interval_count: {count} for interval: {interval}. The maximum is three years.",
            param="recurring[interval_count]",
        )
    return {
        "interval": interval,
        "interval_count": count,
        "meter": _meter(account, given),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type", "licensed"),
    }


def _meter(account: Account, given: Params) -> str | None:
    """Return the meter of a metered price, None for a licensed one."""
    is_metered = given.get("usage_type") == "metered"
    if "meter" not in given:
        if is_metered:
            raise ApiError.invalid(
                "Metered prices must be backed by a meter: pass `recurring[meter]`.", param="recurring[meter]"
            )
        return None
    if not is_metered:
        raise ApiError.invalid(
            "`recurring[meter]` can only be used with `recurring[usage_type]=metered`.", param="recurring[meter]"
        )
    meter = account.find("billing.meter", given["meter"], param="recurring[meter]")
    if meter["status"] != "active":
        raise ApiError.invalid("The meter specified is not active.", param="recurring[meter]")
    return str(meter["id"])

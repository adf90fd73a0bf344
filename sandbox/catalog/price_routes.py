"""Routes of prices. A price's amount, currency and interval can't be changed; create another price instead."""

from sandbox.catalog import amounts, rules
from sandbox.core.account import Account
from sandbox.core.errors import ApiError, within
from sandbox.core.store import Object
from sandbox.http import listing, metadata
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

MAX_LOOKUP_KEYS = 10


def create(account: Account, params: Params) -> Object:
    """Create a price for `product`, or for a new product made from `product_data`."""
    if ("product" in params) == ("product_data" in params):
        raise ApiError.invalid("You must specify either `product` or `product_data` when creating a price.")
    if "product" in params:
        product = account.find("product", params["product"], param="product")
    else:
        product = rules.add_product(account, params["product_data"])
    return rules.add_price(account, params, product=product)


def create_inline(account: Account, given: Params, *, param: str) -> Object:
    """Create the price of a request's `price_data`, which is the parameter `param`; it is inactive, as at Stripe."""
    with within(param):
        return create(account, {**given, "active": False})


def retrieve(account: Account, _params: Params, price_id: str) -> Object:
    return account.find("price", price_id)


def update(account: Account, params: Params, price_id: str) -> Object:
    """Change what Stripe lets change: not the amount, the currency or the interval."""
    price = account.find("price", price_id)
    changes = listing.given(params, "active", "nickname")
    if changes.get("active") is False:
        rules.check_archivable(account, price)
    if "tax_behavior" in params:
        changes["tax_behavior"] = _tax_behavior(price, params["tax_behavior"])
    if "currency_options" in params:
        changes["currency_options"] = amounts.changed_options(price, params["currency_options"] or _emptied(price))
    if "metadata" in params:
        changes["metadata"] = metadata.merged(price["metadata"], params)
    if "lookup_key" in params:
        changes["lookup_key"] = rules.assign_lookup_key(account, params, price)
    return rules.change_price(account, price, changes)


def list_all(account: Account, params: Params) -> Object:
    """List prices; without `active` only active ones."""
    wanted = {"active": True} | listing.given(params, "active", "currency", "product", "type")
    recurring, keys = params.get("recurring", {}), params.get("lookup_keys", [])
    if len(keys) > MAX_LOOKUP_KEYS:
        raise ApiError.invalid(f"You can specify up to {MAX_LOOKUP_KEYS} lookup_keys.", param="lookup_keys")
    return listing.page(
        account,
        "price",
        params,
        index=("product", params["product"]) if "product" in params else None,
        where=lambda price: (
            listing.matches(price, wanted)
            and (not recurring or listing.matches(price["recurring"] or {}, recurring))
            and (not keys or price["lookup_key"] in keys)
        ),
    )


@provides("price", "tiers")
def tiers(_account: Account, price: Object) -> list[Object] | None:
    """Return the price's tiers, for `expand`; None if it has none."""
    found: list[Object] | None = price.get("tiers")
    return found


def _emptied(price: Object) -> Params:
    """Return the parameter that removes all currencies except the price's own."""
    return {currency: "" for currency in price["currency_options"] if currency != price["currency"]}


def _tax_behavior(price: Object, wanted: str) -> str:
    current: str = price["tax_behavior"]
    if current not in {"unspecified", wanted}:
        raise ApiError.invalid("The `tax_behavior` of a price cannot be changed once set.", param="tax_behavior")
    return wanted


ROUTES: Routes = [
    ("POST", "/v1/prices", create),
    ("GET", "/v1/prices", list_all),
    ("GET", "/v1/prices/<price_id>", retrieve),
    ("POST", "/v1/prices/<price_id>", update),
]

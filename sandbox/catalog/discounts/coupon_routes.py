"""Routes of coupons."""

from sandbox.catalog.discounts import redeeming, shapes
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

MAX_ID = 200
MAX_NAME = 40
SMALLEST_PERCENTAGE = 0.01
WHOLE = 100


def create(account: Account, params: Params) -> Object:
    _check_amount(params)
    if params.get("duration") == "repeating" and "duration_in_months" not in params:
        raise ApiError.invalid(
            "The duration_in_months param must be set when creating a coupon with a repeating duration",
            param="duration",
        )
    if "id" in params:
        _check_id_is_free(account, params["id"])
    coupon = shapes.coupon(created=account.now, members=_members(account, params))
    account.add(coupon, event="coupon.created")
    if coupon["redeem_by"] is not None:
        account.store.set_due("coupon", coupon["id"], coupon["redeem_by"])
    return coupon


def retrieve(account: Account, _params: Params, coupon_id: str) -> Object:
    return account.find("coupon", coupon_id)


def update(account: Account, params: Params, coupon_id: str) -> Object:
    """Change the name and the metadata, and add currencies; the other terms of a coupon can't be changed."""
    coupon = account.find("coupon", coupon_id)
    changes: Params = {}
    if "name" in params:
        changes["name"] = limits.text(params["name"], param="name", longest=MAX_NAME)
    if "metadata" in params:
        changes["metadata"] = metadata.merged(coupon["metadata"], params)
    if "currency_options" in params:
        changes["currency_options"] = _currency_options(params, coupon)
    return account.change(coupon, changes, event="coupon.updated")


def delete(account: Account, _params: Params, coupon_id: str) -> Object:
    """Delete the coupon; it can't be redeemed any more, and existing discounts stay."""
    coupon = account.find("coupon", coupon_id)
    redeeming.deactivate_codes(account, coupon_id)
    return account.remove({**coupon, "valid": False}, event="coupon.deleted")


def list_all(account: Account, params: Params) -> Object:
    return listing.page(account, "coupon", params)


@provides("coupon", "applies_to")
def applies_to(_account: Account, coupon: Object) -> Object | None:
    """Return the products that the coupon applies to, None for all."""
    products: Object | None = coupon.get("applies_to")
    return products


@provides("coupon", "currency_options")
def currency_options(_account: Account, coupon: Object) -> Object | None:
    """Return the amounts by currency, None for a percentage."""
    options: Object | None = coupon.get("currency_options")
    return options


def _check_id_is_free(account: Account, coupon_id: str) -> None:
    """Raise ApiError if a coupon has the id; purge a deleted coupon with it."""
    if account.get("coupon", coupon_id):
        raise ApiError.invalid("Coupon already exists.", code="resource_already_exists")
    account.store.purge("coupon", coupon_id)


def _check_amount(params: Params) -> None:
    if "percent_off" in params and "amount_off" in params:
        raise ApiError.invalid("Received both percent_off and amount_off parameters. Please pass in only one.")
    if "percent_off" not in params and "amount_off" not in params:
        raise ApiError.invalid("Must provide percent_off or amount_off.", code="parameter_missing")
    if "amount_off" in params and "currency" not in params:
        raise ApiError.invalid("You must pass currency when passing amount_off", param="currency")
    if "percent_off" in params:
        _check_percentage(params["percent_off"])


def _check_percentage(percentage: float) -> None:
    if percentage < SMALLEST_PERCENTAGE:
        raise ApiError.invalid(
            f"This value must be greater than or equal to {SMALLEST_PERCENTAGE} (it currently is '{percentage:g}').",
            param="percent_off",
        )
    if percentage > WHOLE:
        raise ApiError.invalid(
            f"This value must be less than or equal to {WHOLE} (it currently is '{percentage:g}').",
            param="percent_off",
        )


def _members(account: Account, params: Params) -> Params:
    members = listing.given(params, "duration", "percent_off", "name")
    limits.text(params.get("name", ""), param="name", longest=MAX_NAME)
    if "id" in params:
        members["id"] = limits.required_text(params["id"], param="id", longest=MAX_ID)
    for name in ("amount_off", "duration_in_months", "max_redemptions"):
        if name in params:
            members[name] = limits.positive(params[name], param=name)
    members |= _amounts(params, members)
    if "redeem_by" in params:
        members["redeem_by"] = limits.future(params["redeem_by"], param="redeem_by", now=account.now)
    if "applies_to" in params:
        members["applies_to"] = {"products": _products(account, params["applies_to"])}
    return members | {"metadata": metadata.merged({}, params)}


def _amounts(params: Params, members: Params) -> Params:
    """Return the coupon's currency, and its amounts by currency; a percentage has neither."""
    if "amount_off" not in params and "currency_options" not in params:
        if "currency" in params:
            limits.currency(params["currency"])
        return {}
    if "amount_off" not in params:
        raise ApiError.invalid("`currency_options` can only be used with `amount_off`.", param="currency_options")
    currency = limits.currency(params["currency"])
    limits.stepped(members["amount_off"], currency, param="amount_off")
    options = _currency_options(params, {**members, "currency": currency})
    return {"currency": currency, "currency_options": options}


def _currency_options(params: Params, coupon: Params) -> Params:
    """Return the coupon's amounts by currency, its own included, with those of the request."""
    if coupon.get("amount_off") is None:
        raise ApiError.invalid("`currency_options` can only be used with `amount_off`.", param="currency_options")
    own = coupon["currency"]
    options: Params = {own: {"amount_off": coupon["amount_off"]}, **(coupon.get("currency_options") or {})}
    for name, given in params.get("currency_options", {}).items():
        path = f"currency_options[{name}]"
        currency = limits.currency(name, param=path)
        if currency in options:
            raise ApiError.invalid(f"The coupon already has an amount in {currency}.", param=path)
        amount = limits.positive(given["amount_off"], param=f"{path}[amount_off]")
        options[currency] = {"amount_off": limits.stepped(amount, currency, param=f"{path}[amount_off]")}
    return options


def _products(account: Account, given: Params) -> list[str]:
    products: list[str] = given.get("products", [])
    for index, product in enumerate(products):
        account.find("product", product, param=f"applies_to[products][{index}]")
    return products


ROUTES: Routes = [
    ("POST", "/v1/coupons", create),
    ("GET", "/v1/coupons", list_all),
    ("GET", "/v1/coupons/<coupon_id>", retrieve),
    ("POST", "/v1/coupons/<coupon_id>", update),
    ("DELETE", "/v1/coupons/<coupon_id>", delete),
]

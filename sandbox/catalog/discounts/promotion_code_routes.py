"""Routes of promotion codes: texts that customers type to redeem a coupon."""

import re

from sandbox.catalog.discounts import redeeming, shapes
from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

CODE = re.compile(r"[a-zA-Z0-9\-_]+")
CUSTOMER = "customer_account"


def create(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, CUSTOMER)
    coupon = _coupon(account, params["promotion"])
    code = _code(params)
    members = _members(account, params, coupon)
    if members.get("active", True):
        _check_free(account, code, members.get("customer"))
    promotion_code = shapes.promotion_code(created=account.now, coupon=coupon["id"], code=code, members=members)
    account.add(promotion_code, event="promotion_code.created")
    if promotion_code["expires_at"] is not None:
        account.store.set_due("promotion_code", promotion_code["id"], promotion_code["expires_at"])
    return promotion_code


def retrieve(account: Account, _params: Params, code_id: str) -> Object:
    return account.find("promotion_code", code_id)


def update(account: Account, params: Params, code_id: str) -> Object:
    """Change `active` and the metadata, and add minimum amounts in other currencies.

    Only a code that could be redeemed can be activated again.
    """
    code = account.find("promotion_code", code_id)
    changes = listing.given(params, "active")
    if changes.get("active") and not code["active"]:
        redeeming.check_reactivation(account, code)
        _check_free(account, code["code"], code["customer"])
    if "metadata" in params:
        changes["metadata"] = metadata.merged(code["metadata"], params)
    if options := params.get("restrictions", {}).get("currency_options"):
        restrictions = code["restrictions"]
        changes["restrictions"] = {**restrictions, "currency_options": _minimums(options, restrictions)}
    return account.change(code, changes, event="promotion_code.updated")


def list_all(account: Account, params: Params) -> Object:
    """List promotion codes by code (ignoring case), coupon, customer and `active`."""
    limits.refuse_unsupported(params, CUSTOMER)
    wanted = listing.given(params, "active", "customer")
    keys = listing.given(params, "code", "coupon", "customer")
    if "code" in params:
        wanted["_code"] = keys["code"] = params["code"].lower()
    if "coupon" in params:
        wanted["promotion"] = {"coupon": params["coupon"], "type": "coupon"}
    return listing.page(
        account,
        "promotion_code",
        params,
        index=next(iter(keys.items()), None),
        where=lambda code: listing.matches(code, wanted),
    )


def _coupon(account: Account, promotion: Params) -> Object:
    if "coupon" not in promotion:
        raise ApiError.invalid("You must pass promotion.coupon when passing promotion", param="promotion.coupon")
    coupon = account.find("coupon", promotion["coupon"], param="promotion[coupon]")
    if not coupon["valid"]:
        raise ApiError.invalid(f"Coupon expired: {coupon['id']}", param="promotion[coupon]", code="coupon_expired")
    return coupon


def _code(params: Params) -> str:
    if "code" not in params:
        return ids.random_text(shapes.CODE_LENGTH).upper()
    code: str = params["code"]
    if not CODE.fullmatch(code):
        raise ApiError.invalid(
            rf"This value must match the regex pattern. (/\A[a-zA-Z0-9\-_]+\z/ does not match for the value {code}).",
            param="code",
        )
    return limits.text(code, param="code", longest=limits.MAX_CODE)


def _members(account: Account, params: Params, coupon: Object) -> Params:
    members = listing.given(params, "active") | {"metadata": metadata.merged({}, params)}
    if "customer" in params:
        members["customer"] = account.find("customer", params["customer"], param="customer")["id"]
    if "max_redemptions" in params:
        most = limits.positive(params["max_redemptions"], param="max_redemptions")
        members["max_redemptions"] = _at_most(most, coupon["max_redemptions"], "max_redemptions")
    if "expires_at" in params:
        end = limits.future(params["expires_at"], param="expires_at", now=account.now)
        members["expires_at"] = _at_most(end, coupon["redeem_by"], "redeem_by", param="expires_at")
    if "restrictions" in params:
        members["restrictions"] = _restrictions(params["restrictions"])
    return members


def _at_most(value: int, limit: int | None, of_coupon: str, *, param: str | None = None) -> int:
    if limit is not None and value > limit:
        param = param or of_coupon
        raise ApiError.invalid(f"`{param}` cannot be greater than the coupon's `{of_coupon}`.", param=param)
    return value


def _restrictions(given: Params) -> Params:
    if ("minimum_amount" in given) != ("minimum_amount_currency" in given):
        raise ApiError.invalid(
            "You must pass both `minimum_amount` and `minimum_amount_currency`, or neither.",
            param="restrictions[minimum_amount]",
        )
    restrictions: Params = shapes.RESTRICTIONS | given
    if "minimum_amount" in given:
        limits.positive(given["minimum_amount"], param="restrictions[minimum_amount]")
        param = "restrictions[minimum_amount_currency]"
        restrictions["minimum_amount_currency"] = limits.currency(given["minimum_amount_currency"], param=param)
    if "currency_options" in given:
        restrictions["currency_options"] = _minimums(given["currency_options"], restrictions)
    return restrictions


def _minimums(given: Params, restrictions: Params) -> Params:
    """Return the minimum amounts by currency, with those that the restrictions already have."""
    if restrictions["minimum_amount"] is None:
        raise ApiError.invalid(
            "`currency_options` can only be used with `minimum_amount`.", param="restrictions[currency_options]"
        )
    options: Params = dict(restrictions.get("currency_options", {}))
    for name, option in given.items():
        path = f"restrictions[currency_options][{name}]"
        currency = limits.currency(name, param=path)
        if currency == restrictions["minimum_amount_currency"]:
            raise ApiError.invalid("The currency must be different from `minimum_amount_currency`.", param=path)
        if "minimum_amount" not in option:
            raise ApiError.missing_parameter(f"{path}[minimum_amount]")
        least = limits.positive(option["minimum_amount"], param=f"{path}[minimum_amount]")
        options[currency] = {"minimum_amount": least}
    return options


def _check_free(account: Account, code: str, customer: str | None) -> None:
    """Raise ApiError if an active code for the same customer or for all customers has this text, ignoring case."""
    for other in account.store.scan("promotion_code", index=("code", code.lower())):
        if other["active"] and (customer is None or other["customer"] in {None, customer}):
            raise ApiError.invalid(f"An active promotion code with `code: {code}` already exists.")


ROUTES: Routes = [
    ("POST", "/v1/promotion_codes", create),
    ("GET", "/v1/promotion_codes", list_all),
    ("GET", "/v1/promotion_codes/<code_id>", retrieve),
    ("POST", "/v1/promotion_codes/<code_id>", update),
]

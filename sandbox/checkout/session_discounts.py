"""The discount of a checkout session: given by its seller, or typed by its buyer, at most one at a time."""

from sandbox.catalog.discounts import amounts_off, redeeming
from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.catalog.discounts.redeeming import Basket, Redemption
from sandbox.checkout import session_lines
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params


def put(session: Object, redemption: Redemption | None) -> None:
    """Work out the session's amounts with this coupon, or without any; the caller keeps the session."""
    amounts_off.apply_to_session(session, redemption.coupon if redemption else None)
    session["discounts"] = [_shown(redemption)] if redemption else []
    if session["mode"] == "payment":
        session_lines.check_total(session["line_items"]["data"])


def from_request(account: Account, params: Params, session: Object) -> None:
    """Put the discount on a new session that its seller gives it."""
    if "discounts" not in params:
        return
    if "allow_promotion_codes" in params:
        raise ApiError.invalid("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    for index, given in enumerate(limits.items(params["discounts"] or [], param="discounts", most=1)):
        given_by_seller = discount_request.redemption(account, given, basket(session), f"discounts[{index}]")
        put(session, given_by_seller)


def apply(account: Account, session: Object, text: str) -> None:
    """Take off what the typed code stands for, in place of any discount before.

    Raises ApiError (400), naming `promotion_code`, for a code that can't be redeemed here.
    """
    if not session["allow_promotion_codes"]:
        raise ApiError.invalid("This Checkout Session does not accept promotion codes.", param="promotion_code")
    redemption = redeeming.find_code(account, text, customer=session["customer"])
    redeeming.check(account, redemption, basket(session), param="promotion_code")
    put(session, redemption)
    account.store.put(session)


def remove(account: Account, session: Object) -> None:
    """Give up the code that the buyer typed; what the seller gave stays."""
    if session["allow_promotion_codes"]:
        put(session, None)
        account.store.put(session)


def redemption(account: Account, session: Object) -> Redemption | None:
    """Return what the session redeems when it is paid. Raises ApiError (400) where it can't be redeemed any more."""
    if not session["discounts"]:
        return None
    chosen = session["discounts"][0]
    code = account.find("promotion_code", chosen["promotion_code"]) if chosen["promotion_code"] else None
    coupon_id = code["promotion"]["coupon"] if code else chosen["coupon"]
    found = Redemption(account.find("coupon", coupon_id, param="promotion_code"), code)
    redeeming.check(account, found, basket(session), param="promotion_code")
    return found


def basket(session: Object) -> Basket:
    """Return what the session sells, at full price."""
    items = session["line_items"]["data"]
    return Basket(
        parts=[Part(item["amount_subtotal"], item["price"]["product"]) for item in items],
        currency=session["currency"],
        customer=session["customer"],
    )


def _shown(redemption: Redemption) -> Object:
    code = redemption.promotion_code
    return {
        "coupon": None if code else redemption.coupon["id"],
        "promotion_code": code["id"] if code else None,
    }

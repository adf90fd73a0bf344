"""The discount of a checkout session, from the seller's `discounts` or a promotion code that the buyer typed.

A session has at most one.
"""

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


def set_discount(session: Object, redemption: Redemption | None) -> None:
    """Compute the session's amounts with this discount, or without one; the caller saves the session."""
    amounts_off.apply_to_session(session, redemption.coupon if redemption else None)
    session["discounts"] = [_discount_entry(redemption)] if redemption else []
    if session["mode"] == "payment":
        session_lines.check_total(session["line_items"]["data"])


def set_from_request(account: Account, params: Params, session: Object) -> None:
    """Apply the `discounts` of `checkout.sessions.create` to the new session."""
    if "discounts" not in params:
        return
    if "allow_promotion_codes" in params:
        raise ApiError.invalid("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    for index, given in enumerate(limits.items(params["discounts"] or [], param="discounts", most=1)):
        given_by_seller = discount_request.redemption(account, given, basket(session), f"discounts[{index}]")
        set_discount(session, given_by_seller)


def apply_code(account: Account, session: Object, text: str) -> None:
    """Apply the typed promotion code in place of any earlier discount.

    Raises ApiError (400) with the param `promotion_code` if the code can't be redeemed for this session.
    """
    if not session["allow_promotion_codes"]:
        raise ApiError.invalid("This Checkout Session does not accept promotion codes.", param="promotion_code")
    redemption = redeeming.find_code(account, text, customer=session["customer"])
    redeeming.check(account, redemption, basket(session), param="promotion_code")
    set_discount(session, redemption)
    account.store.put(session)


def remove_code(account: Account, session: Object) -> None:
    """Remove the promotion code that the buyer typed; a discount from the seller stays."""
    if session["allow_promotion_codes"]:
        set_discount(session, None)
        account.store.put(session)


def redemption(account: Account, session: Object) -> Redemption | None:
    """Return the discount to redeem at payment, if any. Raises ApiError (400) if it can't be redeemed any more."""
    if not session["discounts"]:
        return None
    chosen = session["discounts"][0]
    code = account.find("promotion_code", chosen["promotion_code"]) if chosen["promotion_code"] else None
    coupon_id = code["promotion"]["coupon"] if code else chosen["coupon"]
    found = Redemption(account.find("coupon", coupon_id, param="promotion_code"), code)
    redeeming.check(account, found, basket(session), param="promotion_code")
    return found


def basket(session: Object) -> Basket:
    """Return the session's line items at full price, for checking a discount."""
    items = session["line_items"]["data"]
    return Basket(
        parts=[Part(item["amount_subtotal"], item["price"]["product"]) for item in items],
        currency=session["currency"],
        customer=session["customer"],
    )


def _discount_entry(redemption: Redemption) -> Object:
    code = redemption.promotion_code
    return {
        "coupon": None if code else redemption.coupon["id"],
        "promotion_code": code["id"] if code else None,
    }

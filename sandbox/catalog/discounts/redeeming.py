"""Rules for redeeming coupons and promotion codes: the checks, the counts, and their expiry."""

from dataclasses import dataclass

from sandbox.catalog.discounts import amounts_off
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object

BILLED = frozenset({"open", "paid", "uncollectible"})


@dataclass(frozen=True)
class Redemption:
    """A coupon to redeem, and the promotion code that was given for it, if any."""

    coupon: Object
    promotion_code: Object | None = None


@dataclass(frozen=True)
class Basket:
    """The purchase that a coupon is redeemed on: its amounts, currency and customer, None if unknown."""

    parts: list[Part]
    currency: str
    customer: str | None = None

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.parts)


def check(account: Account, redemption: Redemption, basket: Basket, *, param: str | None = None) -> None:
    """Check that the coupon can be redeemed on this basket. Raises ApiError (400) if not."""
    if redemption.promotion_code:
        if not redemption.promotion_code["active"]:
            raise ApiError.invalid(_why_inactive(redemption, now=account.now), param=param)
        _check_code(account, redemption.promotion_code, basket, param=param)
    _check_coupon(redemption.coupon, basket, param=param)


def find_code(account: Account, text: str, *, customer: str | None) -> Redemption:
    """Return the redemption for a code as typed by the customer, ignoring case: the active code, else the latest.

    Raises ApiError (400, param `promotion_code`) if there is none for this customer.
    """
    spelled = account.store.scan("promotion_code", index=("code", text.strip().lower()))
    found = [code for code in spelled if code["customer"] in {None, customer}]
    if not found:
        raise ApiError.invalid("This code is invalid.", param="promotion_code")
    code = next((code for code in found if code["active"]), found[0])
    coupon = account.get("coupon", code["promotion"]["coupon"])
    if coupon is None:
        raise ApiError.invalid("This code is invalid.", param="promotion_code")
    return Redemption(coupon, code)


def count_redemption(account: Account, redemption: Redemption) -> None:
    """Count one redemption; at its `max_redemptions` a coupon becomes invalid, a code inactive."""
    coupon, code = redemption.coupon, redemption.promotion_code
    if code:
        times = code["times_redeemed"] + 1
        active = code["active"] and not _is_used_up(code, times)
        account.change(code, {"active": active, "times_redeemed": times}, event="promotion_code.updated")
    times = coupon["times_redeemed"] + 1
    valid = coupon["valid"] and not _is_used_up(coupon, times)
    account.change(coupon, {"times_redeemed": times, "valid": valid}, event="coupon.updated")
    if not valid:
        deactivate_codes(account, coupon["id"])


def deactivate_codes(account: Account, coupon_id: str) -> None:
    """Deactivate the codes of a coupon that is no longer valid."""
    for code in list(account.store.scan("promotion_code", index=("coupon", coupon_id))):
        account.change(code, {"active": False}, event="promotion_code.updated")
        account.store.clear_due("promotion_code", code["id"])


def expire_coupon(account: Account, coupon: Object) -> None:
    """Make a coupon invalid at its `redeem_by`; Stripe records no event for this."""
    account.change(coupon, {"valid": False})
    account.store.clear_due("coupon", coupon["id"])
    deactivate_codes(account, coupon["id"])


def expire_code(account: Account, code: Object) -> None:
    """Deactivate a promotion code at its `expires_at`."""
    account.change(code, {"active": False})
    account.store.clear_due("promotion_code", code["id"])


def check_reactivation(account: Account, code: Object) -> None:
    """Check that a code could be redeemed if it were active. Raises ApiError (400) if not."""
    coupon = account.get("coupon", code["promotion"]["coupon"])
    is_over = code["expires_at"] is not None and code["expires_at"] <= account.now
    if coupon is None or not coupon["valid"] or is_over or _is_used_up(code, code["times_redeemed"]):
        raise ApiError.invalid(
            "This promotion code cannot be activated because it is no longer redeemable.", param="active"
        )


def has_bought(account: Account, customer_id: str) -> bool:
    """Return whether the customer has a succeeded charge, or an invoice that is open, paid or uncollectible."""
    charges = account.store.scan("charge", index=("customer", customer_id))
    invoices = account.store.scan("invoice", index=("customer", customer_id))
    return any(charge["status"] == "succeeded" for charge in charges) or any(
        invoice["status"] in BILLED for invoice in invoices
    )


def _check_coupon(coupon: Object, basket: Basket, *, param: str | None) -> None:
    if not coupon["valid"]:
        raise ApiError.invalid(f"Coupon expired: {coupon['id']}", param=param, code="coupon_expired")
    if coupon["amount_off"] is not None and amounts_off.in_currency(coupon, basket.currency)["amount_off"] is None:
        raise ApiError.invalid(
            f"This coupon cannot be redeemed because its currency (`{coupon['currency']}`) doesn't match the expected "
            f"currency: `{basket.currency}`.",
            param=param,
        )
    if not any(amounts_off.applies_to(coupon, part.product) for part in basket.parts):
        raise ApiError.invalid(
            "This coupon cannot be redeemed because it does not apply to anything in this order.",
            param=param,
            code="coupon_applies_to_nothing",
        )


def _check_code(account: Account, code: Object, basket: Basket, *, param: str | None) -> None:
    if code["customer"] not in {None, basket.customer}:
        raise ApiError.invalid(
            "This promotion code cannot be redeemed because it is restricted to another customer.", param=param
        )
    restrictions = code["restrictions"]
    if restrictions["first_time_transaction"] and basket.customer and has_bought(account, basket.customer):
        raise ApiError.invalid(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            param=param,
        )
    _check_minimum(restrictions, basket, param=param)


def _check_minimum(restrictions: Object, basket: Basket, *, param: str | None) -> None:
    least, currency = restrictions["minimum_amount"], restrictions["minimum_amount_currency"]
    if least is None:
        return
    other = restrictions.get("currency_options", {}).get(basket.currency)
    if other is not None:
        least, currency = other["minimum_amount"], basket.currency
    if basket.currency != currency or basket.amount < least:
        raise ApiError.invalid(
            "This promotion code cannot be redeemed because the order does not meet its minimum amount of "
            f"{money.shown(least, currency)}.",
            param=param,
        )


def _why_inactive(redemption: Redemption, *, now: int) -> str:
    coupon, code = redemption.coupon, redemption.promotion_code or {}
    ends = [end for end in (code.get("expires_at"), coupon["redeem_by"]) if end is not None]
    if ends and min(ends) <= now:
        return "This promotion code has expired."
    if any(_is_used_up(each, each["times_redeemed"]) for each in (coupon, code) if each):
        return "This promotion code cannot be redeemed because it has been used the maximum number of times."
    return "This promotion code is inactive."


def _is_used_up(obj: Object, times: int) -> bool:
    most: int | None = obj["max_redemptions"]
    return most is not None and times >= most

"""The members of coupons, promotion codes and discounts."""

from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object

COUPON_ID_LENGTH = 8
CODE_LENGTH = 8
RESTRICTIONS = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}


def coupon(*, created: int, members: dict[str, Any]) -> Object:
    """Return a new coupon; `members` are its terms."""
    return {
        "id": ids.random_text(COUPON_ID_LENGTH),
        "object": "coupon",
        "amount_off": None,
        "created": created,
        "currency": None,
        "duration": "once",
        "duration_in_months": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "name": None,
        "percent_off": None,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
        **members,
    }


def promotion_code(*, created: int, coupon: str, code: str, members: dict[str, Any]) -> Object:
    """Return a new promotion code; the private `_code`, in lower case, is for look-ups."""
    return {
        "id": ids.new("promotion_code"),
        "object": "promotion_code",
        "active": True,
        "code": code,
        "created": created,
        "customer": None,
        "customer_account": None,
        "expires_at": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": {},
        "promotion": {"coupon": coupon, "type": "coupon"},
        "restrictions": RESTRICTIONS,
        "times_redeemed": 0,
        **members,
        "_code": code.lower(),
    }


def discount(
    *, coupon: Object, promotion_code: str | None, customer: str | None, start: int, end: int | None
) -> Object:
    """Return a new discount; the private `_coupon` has the coupon's terms, because the coupon can be deleted."""
    return {
        "id": ids.new("discount"),
        "object": "discount",
        "checkout_session": None,
        "customer": customer,
        "customer_account": None,
        "end": end,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": promotion_code,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": start,
        "subscription": None,
        "subscription_item": None,
        "_coupon": coupon.copy(),
    }

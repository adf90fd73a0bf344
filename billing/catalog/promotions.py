"""Create, archive and restore promotion codes, which buyers enter at checkout for a discount.

Every function raises StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing import gateway
from billing.catalog.errors import AlreadyCreated
from billing.catalog.stripe_changes import save_answer, save_new
from billing.errors import StripeMissing
from billing.gateway.snapshots import Snapshot
from billing.idempotency import form_key
from billing.kept_requests import Creation, OpenRequest, open_request
from billing.mirror.kinds import PROMOTION_CODE
from billing.models import PromotionCode

if TYPE_CHECKING:
    from stripe import params as p


# `about` of an open request begins with this; the code follows.
CODE = "promotion code "


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A discount of `percent_off`, or of `amount_off` in the currency's minor unit, and how long it lasts."""

    percent_off: float | None = None
    amount_off: int | None = None
    currency: str = ""
    duration: str = PromotionCode.Duration.ONCE
    duration_in_months: int | None = None


def create_promotion_code(
    *,
    code: str,
    discount: Discount,
    request_id: str,
    max_redemptions: int | None = None,
    expires_at: datetime | None = None,
    is_for_new_customers: bool = False,
) -> PromotionCode:
    """Create a coupon and a code for it, in two calls; a repeat continues after the last call that worked.

    https://docs.stripe.com/billing/subscriptions/coupons
    Raises AlreadyCreated if the code was asked for with other terms, and created although the answer to that was lost.
    """
    coupon = _coupon_params(code, discount)
    params: p.PromotionCodeCreateParams = {"code": code, "expand": ["promotion.coupon"]}  # type: ignore[typeddict-item]
    if max_redemptions:
        params["max_redemptions"] = max_redemptions
    if expires_at:
        params["expires_at"] = int(expires_at.timestamp())
    if is_for_new_customers:
        params["restrictions"] = {"first_time_transaction": True}
    about = f"{CODE}{code.upper()}"
    with open_request("promotion_code", [coupon, params], request_id=request_id, about=about) as opened:
        _check_not_created(opened)
        made = _usable_coupon(coupon, opened) or opened.create(_coupon_creation(coupon), coupon)
        created = _create_code({**params, "promotion": {"type": "coupon", "coupon": made.id}}, opened)
        _delete_unused_coupons(opened, used=made.id)
    return created


def _check_not_created(opened: OpenRequest) -> None:
    """Raise AlreadyCreated for an active code that this form, or one before it, has created with other terms."""
    for other, found in opened.asked_otherwise(_code_creation({})):
        code = save_new(PROMOTION_CODE, found)
        if code.active:
            raise AlreadyCreated.code_as_first_asked(code)
        other.close()


def _usable_coupon(params: "p.CouponCreateParams", opened: OpenRequest) -> Snapshot | None:
    """Return a coupon of these terms that was made for the code when the code's other terms were different."""
    creation = _coupon_creation(params)
    made = (found for _, found in opened.asked_otherwise(creation))
    return next((found for found in made if creation.is_usable(found.object)), None)


def _delete_unused_coupons(opened: OpenRequest, *, used: str) -> None:
    """Delete the coupons that were made for this code with other terms, and got no code.

    Only now: if another worker is about to make its code, Stripe refuses that, because this one has the name.
    """
    for other, found in opened.asked_otherwise(_coupon_creation({})):
        if found.id != used:
            with suppress(StripeMissing):
                gateway.delete_coupon(found.id)
        other.close()


def _coupon_creation(params: Any) -> Creation:
    return Creation(
        send=lambda marked, key: gateway.create_coupon(marked, key=key),
        key=lambda request: form_key("coupon", request, params),
        listed=gateway.coupon_pages,
        # Another coupon of the same form may have been made with other terms.
        is_usable=lambda found: all(found.get(name) == value for name, value in params.items() if name != "metadata"),
    )


def _create_code(params: "p.PromotionCodeCreateParams", opened: OpenRequest) -> PromotionCode:
    return save_new(PROMOTION_CODE, opened.create(_code_creation(params), params))


def _code_creation(params: Any) -> Creation:
    return Creation(
        send=lambda marked, key: gateway.create_promotion_code(marked, key=key),
        key=lambda request: form_key("code", request, params),
        listed=gateway.promotion_code_pages,
        is_usable=lambda found: bool(found["active"]),
    )


def archive_promotion_code(*, promotion_code: PromotionCode) -> PromotionCode:
    """Deactivate a code; customers who used it keep their discount."""
    return _set_active(promotion_code, active=False)


def restore_promotion_code(*, promotion_code: PromotionCode) -> PromotionCode:
    return _set_active(promotion_code, active=True)


def _set_active(promotion_code: PromotionCode, *, active: bool) -> PromotionCode:
    pk = promotion_code.pk
    return save_answer(PROMOTION_CODE, pk, lambda: gateway.update_promotion_code(pk, {"active": active}))


def _coupon_params(code: str, discount: Discount) -> "p.CouponCreateParams":
    params: p.CouponCreateParams = {"name": code, "duration": discount.duration}
    if discount.percent_off is not None:
        params["percent_off"] = discount.percent_off
    if discount.amount_off is not None:
        params |= {"amount_off": discount.amount_off, "currency": discount.currency}
    if discount.duration == PromotionCode.Duration.REPEATING and discount.duration_in_months:
        params["duration_in_months"] = discount.duration_in_months
    return params

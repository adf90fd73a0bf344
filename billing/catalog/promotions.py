"""Create, archive and restore promotion codes, which buyers enter at checkout for a discount.

Every function raises StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing import gateway
from billing.catalog.errors import AlreadyCreated
from billing.gateway.snapshots import Snapshot
from billing.idempotency import form_key
from billing.kept_requests import Creation, OpenRequest, open_request
from billing.mirror.engine import apply_answer, apply_snapshot
from billing.mirror.kinds import PROMOTION_CODE
from billing.models import PromotionCode

if TYPE_CHECKING:
    from stripe import params as p


# What open requests are about, in our rows.
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
        made = _create_coupon(coupon, opened)
        return _create_code({**params, "promotion": {"type": "coupon", "coupon": made.id}}, opened)


def _check_not_created(opened: OpenRequest) -> None:
    """Raise AlreadyCreated for an active code that this form, or one before it, has created with other terms."""
    for other, found in opened.asked_otherwise(_code_creation({})):
        code = _mirrored(found)
        if code.active:
            raise AlreadyCreated.code_as_first_asked(code)
        other.close()


def _create_coupon(params: "p.CouponCreateParams", opened: OpenRequest) -> Snapshot:
    creation = Creation(
        send=lambda marked, key: gateway.create_coupon(marked, key=key),
        key=lambda request: form_key("coupon", request, params),
        listed=gateway.coupon_pages,
    )
    return opened.create(creation, params)


def _create_code(params: "p.PromotionCodeCreateParams", opened: OpenRequest) -> PromotionCode:
    return _mirrored(opened.create(_code_creation(params), params))


def _code_creation(params: Any) -> Creation:
    return Creation(
        send=lambda marked, key: gateway.create_promotion_code(marked, key=key),
        key=lambda request: form_key("code", request, params),
        listed=gateway.promotion_code_pages,
        is_usable=lambda found: bool(found["active"]),
    )


def _mirrored(answer: Snapshot) -> PromotionCode:
    row = apply_snapshot(PROMOTION_CODE, answer).row
    assert row is not None, "every code is admitted"  # noqa: S101
    return row


def archive_promotion_code(*, promotion_code: PromotionCode) -> PromotionCode:
    """Deactivate a code; customers who used it keep their discount."""
    return _set_active(promotion_code, active=False)


def restore_promotion_code(*, promotion_code: PromotionCode) -> PromotionCode:
    return _set_active(promotion_code, active=True)


def _set_active(promotion_code: PromotionCode, *, active: bool) -> PromotionCode:
    pk = promotion_code.pk
    changed = apply_answer(PROMOTION_CODE, pk, lambda: gateway.update_promotion_code(pk, {"active": active})).row
    return changed or promotion_code


def _coupon_params(code: str, discount: Discount) -> "p.CouponCreateParams":
    params: p.CouponCreateParams = {"name": code, "duration": discount.duration}
    if discount.percent_off is not None:
        params["percent_off"] = discount.percent_off
    if discount.amount_off is not None:
        params |= {"amount_off": discount.amount_off, "currency": discount.currency}
    if discount.duration == PromotionCode.Duration.REPEATING and discount.duration_in_months:
        params["duration_in_months"] = discount.duration_in_months
    return params

"""What the mirror has to know of discounts besides their ids, which is all that events contain.

Nothing is called for a subscription without discounts, nor for discounts and coupons that are known.
"""

import logging
from collections.abc import Iterable

from billing import gateway
from billing.errors import StripeMissing, StripeRefused
from billing.gateway.snapshots import JSON
from billing.mirror.validation import READ_ERRORS
from billing.models import Coupon
from subscriptions.mirror import mapping, refresh, subscription_mapping
from subscriptions.models import Customer, Subscription

logger = logging.getLogger(__name__)


def complete(subscription: Subscription) -> Subscription:
    """Fetch the discounts of this subscription that are not known, and their coupons.

    Raises StripeUnavailable, StripeMisconfigured.
    """
    if not subscription.has_known_discounts:
        subscription = refresh.fetch(subscription)
    _ensure_known({discount["coupon"] for discount in subscription.discounts})
    return subscription


def complete_customer(customer: Customer) -> None:
    """Fetch the coupon of a customer's own discount, if it is not known."""
    _ensure_known({customer.discount.get("coupon")})


def ensure_coupons_known(subscriptions: Iterable[JSON]) -> None:
    """Fetch the coupons that are not known of subscriptions which were read with their customers and discounts."""
    coupon_ids: set[str | None] = set()
    for obj in subscriptions:
        coupon_ids |= {
            discount["coupon"] for discount in subscription_mapping.discount_columns(obj).get("discounts", ())
        }
        if isinstance(obj["customer"], dict) and not obj["customer"].get("deleted"):
            coupon_ids.add(mapping.customer_columns(obj["customer"])["discount"].get("coupon"))
    _ensure_known(coupon_ids)


def _ensure_known(coupon_ids: set[str | None]) -> None:
    wanted = {coupon_id for coupon_id in coupon_ids if coupon_id}
    if not wanted:
        return
    known = Coupon.objects.filter(pk__in=sorted(wanted)).values_list("pk", flat=True)
    for coupon_id in sorted(wanted - set(known)):
        try:
            terms = _fetched_terms(coupon_id)
        except StripeRefused as error:
            # The next subscription with this coupon asks for it again; until then its effect is not computed.
            logger.warning("coupon %s can't be read: %s", coupon_id, error.code or type(error).__name__)
            continue
        Coupon.objects.get_or_create(pk=coupon_id, defaults={"terms": terms})


def _fetched_terms(coupon_id: str) -> JSON:
    """Return the terms of a coupon, which can't change; none for one that was deleted, whose discounts stay."""
    try:
        coupon = gateway.retrieve_coupon(coupon_id).object
    except StripeMissing:
        return {}
    try:
        return terms_of(coupon)
    except READ_ERRORS:
        logger.warning("coupon %s can't be read", coupon_id)
        return {"duration": None}


def terms_of(coupon: JSON) -> JSON:
    """Return a coupon's terms; raises one of READ_ERRORS for a malformed one."""
    options = coupon.get("currency_options") or {}
    amounts = {currency: int(option["amount_off"]) for currency, option in options.items()}
    if coupon.get("amount_off"):
        amounts[coupon["currency"]] = int(coupon["amount_off"])
    percent = coupon.get("percent_off")
    return {
        "percent_off": None if percent is None else float(percent),
        "amounts_off": amounts,
        "duration": coupon.get("duration"),
        "products": (coupon.get("applies_to") or {}).get("products"),
    }

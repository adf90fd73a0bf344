"""The catalog's kinds of mirrored rows: how a product, price or promotion code at Stripe becomes columns."""

from decimal import Decimal
from typing import Any

from billing import gateway
from billing.gateway.snapshots import JSON, moment
from billing.mirror import own_metadata
from billing.mirror.engine import id_of
from billing.mirror.registry import Kind, register
from billing.models import Price, Product, PromotionCode


def _product_columns(obj: JSON) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    return {
        "name": obj["name"],
        "description": obj.get("description") or "",
        # Stripe allows features without a name: there is nothing of them to show.
        "features": [feature["name"] for feature in obj.get("marketing_features") or [] if feature.get("name")],
        "active": obj["active"],
        "default_price_id": id_of(obj.get("default_price")) or "",
        "can_be_bought_again": own_metadata.read(metadata, "can_be_bought_again") == "true",
        "can_be_tried_again": own_metadata.read(metadata, "can_be_tried_again") == "true",
        "has_quantity": own_metadata.read(metadata, "has_quantity") == "true",
        "grace_days": _days(own_metadata.read(metadata, "grace_days")),
        "metadata": metadata,
        "is_marked": metadata.get(own_metadata.ON_SALE) == "true",
    }


def has_nameless_feature(product: JSON) -> bool:
    return any(not feature.get("name") for feature in product.get("marketing_features") or [])


def _price_columns(obj: JSON) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    recurring = obj.get("recurring") or {}
    return {
        **_currency_amounts(obj),
        "product_id": id_of(obj["product"]),
        "active": obj["active"],
        "currency": obj["currency"],
        "unit_amount": obj.get("unit_amount"),
        "pricing": _pricing(obj).value,
        "exact_amount": _exact_amount(obj),
        "package_size": (obj.get("transform_quantity") or {}).get("divide_by"),
        "interval": recurring.get("interval", Price.Interval.ONE_TIME.value),
        "interval_count": recurring.get("interval_count", 1),
        "trial_needs_card": own_metadata.read(metadata, "trial_needs_card") != "false",
        "trial_days": _days(own_metadata.read(metadata, "trial_days")) or recurring.get("trial_period_days"),
        "nickname": obj.get("nickname") or "",
        "metadata": metadata,
    }


def _currency_amounts(obj: JSON) -> dict[str, Any]:
    """Return the amounts in other currencies; nothing of an event, which does not have them."""
    options = obj.get("currency_options")
    if not isinstance(options, dict):
        return {}
    others = {name: option.get("unit_amount") for name, option in options.items() if name != obj["currency"]}
    return {"currency_amounts": {name: amount for name, amount in others.items() if isinstance(amount, int)}}


def _pricing(obj: JSON) -> Price.Pricing:
    kinds = {
        Price.Pricing.METERED: (obj.get("recurring") or {}).get("usage_type", "licensed") != "licensed",
        Price.Pricing.TIERED: obj.get("billing_scheme", "per_unit") != "per_unit",
        Price.Pricing.CHOSEN: obj.get("custom_unit_amount") is not None,
        Price.Pricing.PACKAGES: obj.get("transform_quantity") is not None,
        Price.Pricing.FRACTION: obj.get("unit_amount") is None and bool(obj.get("unit_amount_decimal")),
    }
    return next((kind for kind, is_it in kinds.items() if is_it), Price.Pricing.PLAIN)


def _exact_amount(obj: JSON) -> str:
    """Return the amount with its fraction as plain digits; empty if there is none."""
    exact = obj.get("unit_amount_decimal")
    return "" if exact is None else f"{Decimal(str(exact)):f}"


def _promotion_code_columns(obj: JSON) -> dict[str, Any]:
    limits = obj.get("restrictions") or {}
    columns = {
        "code": obj["code"],
        "active": obj["active"],
        "max_redemptions": obj.get("max_redemptions"),
        "times_redeemed": obj["times_redeemed"],
        "expires_at": moment(obj.get("expires_at")),
        "is_for_new_customers": bool(limits.get("first_time_transaction")),
        "minimum_amount": limits.get("minimum_amount"),
        "minimum_currency": limits.get("minimum_amount_currency") or "",
    }
    coupon = obj["promotion"].get("coupon")
    if isinstance(coupon, dict):
        # Events only name the coupon. Its terms can't change, so those of an earlier answer still hold.
        kept = ("percent_off", "amount_off", "currency", "duration", "duration_in_months")
        columns["coupon"] = {field: coupon.get(field) for field in kept}
    return columns


def _days(text: str | None) -> int | None:
    """Return a number of days that staff set in the metadata, at most 999; None for anything else."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= 3  # noqa: PLR2004
    return int(text) if text and is_number else None


# A price that was once a plan keeps the id that its owner chose.
PRODUCT = register(Kind("product", "prod_", Product, _product_columns, gateway.retrieve_product, has_chosen_ids=True))
PRICE = register(
    Kind(
        "price",
        "price_",
        Price,
        _price_columns,
        gateway.retrieve_price,
        has_chosen_ids=True,
        not_in_events=frozenset({"currency_amounts"}),
    )
)
PROMOTION_CODE = register(
    Kind("promotion_code", "promo_", PromotionCode, _promotion_code_columns, gateway.retrieve_promotion_code)
)

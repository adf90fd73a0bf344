"""The members of products, prices and plans."""

from typing import Any

from sandbox.core.store import Object


def product(
    *, product_id: str, created: int, active: bool, kind: str, shippable: bool | None, metadata: dict[str, str]
) -> Object:
    """Return a new product; the caller sets its name."""
    return {
        "id": product_id,
        "object": "product",
        "active": active,
        "created": created,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": metadata,
        "name": "",
        "package_dimensions": None,
        "shippable": shippable,
        "statement_descriptor": None,
        "tax_code": None,
        "type": kind,
        "unit_label": None,
        "updated": created,
        "url": None,
    }


def price(
    *,
    price_id: str,
    product: str,
    created: int,
    currency: str,
    recurring: dict[str, Any] | None,
    active: bool,
    nickname: str | None,
    tax_behavior: str,
    metadata: dict[str, str],
) -> Object:
    """Return a new price; the caller sets its amounts."""
    return {
        "id": price_id,
        "object": "price",
        "active": active,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": metadata,
        "nickname": nickname,
        "product": product,
        "recurring": recurring,
        "tax_behavior": tax_behavior,
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
    }


def plan(price: Object) -> Object:
    """Return the recurring price as a plan, the older object that subscription items still have."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": recurring["usage_type"],
    }

"""The main fields of the catalog in our rows and at Stripe, to compare them and to show that nothing changed."""

from typing import Any

from billing.kept_requests import REQUEST
from billing.models import Price, Product
from tests.fixtures import LocalStripe

PRODUCT = ("id", "name", "description", "features", "active", "default_price_id", "can_be_bought_again")
PRICE = (
    "id",
    "product_id",
    "active",
    "currency",
    "unit_amount",
    "interval",
    "interval_count",
    "trial_days",
    "nickname",
)


def here() -> dict[str, dict[str, Any]]:
    """Every product and price in our rows, by id."""
    rows = [*Product.objects.values(*PRODUCT), *Price.objects.values(*PRICE)]
    return {row["id"]: row for row in rows}


def at_stripe(local: LocalStripe) -> dict[str, dict[str, Any]]:
    """Every product and price at Stripe in the form of our rows, by id."""
    products = [_product(obj.to_dict(for_json=True)) for obj in local.api.products.list({"limit": 100}).data]
    prices = [
        _price(obj.to_dict(for_json=True))
        for active in (True, False)
        for obj in local.api.prices.list({"limit": 100, "active": active}).data
    ]
    return {row["id"]: row for row in products + prices}


def _product(obj: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": obj["id"],
        "name": obj["name"],
        "description": obj["description"] or "",
        "features": [feature["name"] for feature in obj["marketing_features"]],
        "active": obj["active"],
        "default_price_id": obj["default_price"] or "",
        "can_be_bought_again": "standing_order_can_be_bought_again" in obj["metadata"],
    }


def _price(obj: dict[str, Any]) -> dict[str, Any]:
    recurring = obj["recurring"] or {"interval": "one_time", "interval_count": 1}
    return {
        "id": obj["id"],
        "product_id": obj["product"],
        "active": obj["active"],
        "currency": obj["currency"],
        "unit_amount": obj["unit_amount"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "trial_days": int(obj["metadata"].get("standing_order_trial_days", 0)) or None,
        "nickname": obj["nickname"] or "",
    }


def metadata_of(row: Product | Price) -> dict[str, str]:
    """The row's metadata without the id of the request that created it."""
    return {name: text for name, text in row.metadata.items() if name != REQUEST}

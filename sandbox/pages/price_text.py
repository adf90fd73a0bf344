"""Prices as text on the pages: `$19.00 per month`, `2 x $5.00 per 10 every 3 months`, `billed by usage per month`."""

from decimal import Decimal

from sandbox.catalog.meters import usage
from sandbox.core import money, pricing
from sandbox.core.store import Object


def of_item(item: Object, currency: str) -> str:
    """Return what an item costs in each period, by its quantity and rate."""
    return counted(item["price"], item.get("quantity", 0), currency)


def counted(price: Object, quantity: int, currency: str) -> str:
    """Return what a quantity costs in each period: by its rate, of tiers only the total, of usage no amount."""
    each = interval(price["recurring"])
    if usage.is_metered(price):
        return f"billed by usage {each}"
    if price["billing_scheme"] == "tiered":
        return f"{quantity} for {money.shown(money.total(price, quantity, currency=currency), currency)} {each}"
    count = f"{quantity} x " if quantity > 1 else ""
    return f"{count}{rate(price, currency)} {each}"


def rate(price: Object, currency: str) -> str:
    """Return the price of a unit or a package: `$19.00`, `$5.00 per 10`."""
    priced = pricing.in_currency(price, currency)
    amount = money.shown(Decimal(priced["unit_amount_decimal"] or 0), currency)
    package = priced["transform_quantity"]
    return f"{amount} per {package['divide_by']}" if package else amount


def interval(recurring: Object) -> str:
    """Return `per month` or `every 3 months`."""
    unit, count = recurring["interval"], recurring["interval_count"]
    return f"per {unit}" if count == 1 else f"every {count} {unit}s"

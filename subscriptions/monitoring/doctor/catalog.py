"""Checks of the catalog: it is the same here and at Stripe, and everything on sale can be bought."""

from collections.abc import Iterator

from billing.catalog.importer import compare_catalog, import_catalog
from billing.models import Price, Product
from subscriptions.formatting import format_count
from subscriptions.monitoring.doctor.finding import Finding, NotRepaired, note, ok, some


def check_catalog() -> Iterator[Finding]:
    """Report differences as notes: they may be a moment old, and the next sync copies them."""
    if differing := compare_catalog():
        yield note(f"Different at Stripe: {some(differing)}. The next sync copies it, and so does --fix.", _import)
    else:
        products = format_count(Product.objects.filter(is_deleted=False).count(), "product")
        prices = format_count(Price.objects.filter(is_deleted=False).count(), "price")
        yield ok(f"{products} and {prices}, as at Stripe.")
    if varying := _not_sold():
        yield note(f"Active at Stripe, but not sold here: {some(varying)}. Only fixed amounts for each are sold.")
    if unpriced := _products_without_price():
        yield note(f"On sale, but without a price: {some(unpriced)}.")


def _not_sold() -> list[str]:
    """The prices that Stripe sells and this site does not, and why."""
    active = Price.objects.filter(active=True, is_deleted=False, product__active=True, product__is_deleted=False)
    return [f"{price.pk} ({price.variation})" for price in active.order_by("pk") if not price.is_plain]


def _products_without_price() -> list[str]:
    priced = set(Price.objects.on_sale().values_list("product_id", flat=True))
    products = Product.objects.filter(active=True, is_deleted=False).order_by("name")
    return [f"“{product.name}” ({product.pk})" for product in products if product.pk not in priced]


def _import() -> str:
    count = import_catalog()
    said = f"{count.written} brought up to date."
    if count.failed:
        raise NotRepaired(f"{said} Failed: {some([one.id for one in count.failed])}. {count.failed[0].reason}")
    return said

"""The catalogue: the same here and at Stripe, and everything on sale can be bought."""

from collections.abc import Iterator

from billing.catalog.importer import compare_catalog, import_catalog
from billing.models import Price, Product
from subscriptions.formatting import format_count
from subscriptions.monitoring.doctor.finding import Finding, note, ok, some


def check_catalogue() -> Iterator[Finding]:
    """What differs is no problem by itself: it may have been changed a moment ago, and the next sync brings it."""
    if differing := compare_catalog():
        yield note(f"Different at Stripe: {some(differing)}. A sync brings it, and so does --fix.", _import)
    else:
        products = format_count(Product.objects.filter(is_deleted=False).count(), "product")
        prices = format_count(Price.objects.filter(is_deleted=False).count(), "price")
        yield ok(f"{products} and {prices}, as at Stripe.")
    if unsold := _without_a_price():
        yield note(f"On sale, but without a price: {some(unsold)}.")


def _without_a_price() -> list[str]:
    sold = set(Price.objects.on_sale().values_list("product_id", flat=True))
    products = Product.objects.filter(active=True, is_deleted=False).order_by("name")
    return [f"“{product.name}” ({product.pk})" for product in products if product.pk not in sold]


def _import() -> str:
    return f"{import_catalog().written} brought up to date."

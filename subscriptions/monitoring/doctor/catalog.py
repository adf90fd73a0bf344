"""Checks of the catalog: it is the same here and at Stripe, and everything on sale can be bought."""

from collections.abc import Iterator

from billing.catalog.importer import Differences, compare_catalog, import_catalog
from billing.models import Coupon, Price, Product, PromotionCode
from subscriptions.formatting import format_count
from subscriptions.monitoring.doctor.finding import Finding, NotRepaired, note, ok, problem, some


def check_catalog() -> Iterator[Finding]:
    """Report differences as notes: they may be a moment old; what the sync missed, a full one copies."""
    found = compare_catalog()
    for one in found.unreadable:
        yield problem(
            f"The {one.object_name.replace('_', ' ')} {one.id} can't be read and is left out: {one.reason} "
            "Correct or archive it in Stripe's dashboard."
        )
    if found.differing:
        copied = "The sync copies it, at the latest the next full one; so does --fix."
        yield note(f"Different at Stripe: {some(found.differing)}. {copied}", _import)
    elif not found.unreadable:
        products = format_count(Product.objects.filter(is_deleted=False).count(), "product")
        prices = format_count(Price.objects.filter(is_deleted=False).count(), "price")
        yield ok(f"{products} and {prices}, as at Stripe.")
    yield from _left_out(found)
    if unpriced := _products_without_price():
        yield note(f"On sale, but without a price that can be bought here: {some(unpriced)}.")


def _left_out(found: Differences) -> Iterator[Finding]:
    """Report what Stripe has and this site does not sell or show."""
    if varying := _not_sold():
        yield note(f"Active at Stripe, but not sold here: {some(varying)}. Only fixed amounts for each are sold.")
    if without_product := _without_product():
        yield note(f"Active at Stripe, but of no product that is known here, so not sold: {some(without_product)}.")
    if products := found.with_nameless_features:
        yield note(f"Features without a name are left out of {some(products)}. Name them in Stripe's dashboard.")
    if unknown := _discounts_of_unknown_terms():
        yield note(
            f"Discounts with terms that this site does not know: {some(unknown)}. "
            "They count at Stripe, and pages show amounts before them."
        )


def _not_sold() -> list[str]:
    """Return the prices that Stripe sells and this site does not, and why."""
    active = Price.objects.filter(active=True, is_deleted=False, product__active=True, product__is_deleted=False)
    return [f"{price.pk} ({price.variation})" for price in active.order_by("pk") if not price.is_plain]


def _without_product() -> list[str]:
    """Return the prices whose product is not in the mirror."""
    known = Product.objects.values("pk")
    prices = Price.objects.filter(active=True, is_deleted=False).exclude(product__in=known)
    return list(prices.order_by("pk").values_list("pk", flat=True))


def _discounts_of_unknown_terms() -> list[str]:
    coupons = [coupon.pk for coupon in Coupon.objects.order_by("pk") if coupon.has_unknown_terms]
    codes = PromotionCode.objects.filter(active=True, is_deleted=False).exclude(coupon={}).order_by("pk")
    return coupons + [f"{code.code} ({code.pk})" for code in codes if code.discount_display == code.UNKNOWN]


def _products_without_price() -> list[str]:
    priced = set(Price.objects.on_sale().values_list("product_id", flat=True))
    products = Product.objects.on_sale().order_by("name")
    return [f"“{product.name}” ({product.pk})" for product in products if product.pk not in priced]


def _import() -> str:
    count = import_catalog()
    said = f"{count.written} brought up to date."
    if count.failed:
        raise NotRepaired(f"{said} Failed: {some([one.id for one in count.failed])}. {count.failed[0].reason}")
    return said

"""Rows as the mirror would have them, and things on sale, for tests of pages that only read."""

from datetime import UTC, datetime
from typing import Any

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.models import Customer, Invoice, Subscription

LONG_AGO = datetime(2020, 5, 3, tzinfo=UTC)
MAY = datetime(2099, 5, 3, 12, tzinfo=UTC)
JUNE = datetime(2099, 6, 3, 12, tzinfo=UTC)


def item_of(price: Price, pk: str = "si_1", **columns: Any) -> dict[str, Any]:
    """Return the item of a subscription at a plain price, as the mirror has it."""
    item = {
        "id": pk,
        "price": price.pk,
        "product": price.product_id,
        "quantity": 1,
        "unit_amount": price.unit_amount,
        "interval": price.interval,
        "interval_count": price.interval_count,
        "currency": price.currency,
        "is_metered": False,
    }
    return {**item, **columns}


def subscribe(
    customer: Customer, price: Price, status: str = "active", pk: str = "sub_1", **columns: Any
) -> Subscription:
    standing = {
        "price": price,
        "product": price.product,
        "currency": "usd",
        "items": [item_of(price, quantity=columns.get("quantity", 1))],
        "current_period_end_at": MAY,
    }
    return Subscription.objects.create(pk=pk, customer=customer, status=status, **{**standing, **columns})


def bill(customer: Customer, pk: str = "in_1", **columns: Any) -> Invoice:
    open_one = {
        "number": f"NUMBER-{pk}",
        "status": "open",
        "currency": "usd",
        "total": 1900,
        "amount_remaining": 1900,
        "hosted_invoice_url": f"https://pay.example.com/{pk}",
        "invoice_pdf": f"https://pay.example.com/{pk}.pdf",
        "stripe_created_at": MAY,
    }
    return Invoice.objects.create(pk=pk, customer=customer, **{**open_one, **columns})


def sell_team() -> Price:
    """29.00 USD a month for each seat of "Team"."""
    terms = PriceTerms(unit_amount=2900, currency="usd")
    made = catalog.create_product(name="Team", description="For many.", price=terms, request_id="fixture-team")
    Product.objects.filter(pk=made.product.pk).update(has_quantity=True)
    return Price.objects.select_related("product").get(pk=made.price.pk)


def sell_yearly(product: Product) -> Price:
    """190.00 USD a year for the same product."""
    terms = PriceTerms(unit_amount=19000, currency="usd", interval="year")
    return catalog.add_price(product=product, terms=terms, request_id="year")

"""What there should be once: a purchase of one thing, a customer of one person, a product of one name."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from billing.models import Product
from subscriptions.customers import services as customers
from subscriptions.models import Customer, Payment, Subscription
from subscriptions.monitoring.doctor.finding import (
    Finding,
    note,
    ok,
    problem,
    some,
)
from subscriptions.payments import duplicates


def check_duplicates() -> Iterator[Finding]:
    found = [*_purchases(), *_customers(), *_names()]
    yield from found
    if not found:
        yield ok("Nobody pays twice, and nobody has two customers.")


def _purchases() -> Iterator[Finding]:
    newer: list[Subscription | Payment] = [*duplicates.newer_subscriptions(), *duplicates.newer_payments()]
    for purchase in newer:
        yield problem(
            f"{purchase.customer_id} pays twice for {purchase.product_id}: {purchase} is the newer one. "
            "Undo it in the admin, where its list has the filter “paid twice”."
        )


def _customers() -> Iterator[Finding]:
    marked = Customer.objects.filter(is_deleted=False).values_list("pk", "metadata").iterator()
    accounts = ((pk, metadata[customers.ACCOUNT]) for pk, metadata in marked if customers.ACCOUNT in metadata)
    for ids in _several(accounts):
        yield note(
            f"One person has several customers at Stripe: {some(ids)}. "
            "Delete those without a purchase in Stripe's dashboard."
        )


def _names() -> Iterator[Finding]:
    products = Product.objects.filter(active=True, is_deleted=False)
    for ids in _several(products.values_list("pk", "name")):
        yield note(f"Several products on sale have one name: {some(ids)}. The JSON API has to be told which is meant.")


def _several(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The ids that share what they come with."""
    together: dict[str, list[str]] = defaultdict(list)
    for pk, shared in pairs:
        together[shared].append(pk)
    return [sorted(ids) for ids in together.values() if len(ids) > 1]

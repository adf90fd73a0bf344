"""Checks for duplicates: purchases of the same product, customers of the same person, products of the same name."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from billing.models import Product
from subscriptions.mirror.mapping import ACCOUNT
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
    found = [*_paid_twice(), *_several_customers(), *_same_name()]
    yield from found
    if not found:
        yield ok("Nobody pays twice, and nobody has two customers.")


def _paid_twice() -> Iterator[Finding]:
    newer: list[Subscription | Payment] = [*duplicates.newer_subscriptions(), *duplicates.newer_payments()]
    for purchase in newer:
        yield problem(
            f"{purchase.customer_id} pays twice for {purchase.product_id}: {purchase} is the newer one. "
            "Cancel and refund it in the admin, where its list has the filter “paid twice”."
        )


def _several_customers() -> Iterator[Finding]:
    marked = Customer.objects.filter(is_deleted=False).values_list("pk", "metadata").iterator()
    accounts = ((pk, metadata[ACCOUNT]) for pk, metadata in marked if ACCOUNT in metadata)
    for ids in _sharing(accounts):
        yield note(
            f"One person has several customers at Stripe: {some(ids)}. "
            "Delete those without a purchase in Stripe's dashboard."
        )


def _same_name() -> Iterator[Finding]:
    products = Product.objects.filter(active=True, is_deleted=False)
    for ids in _sharing(products.values_list("pk", "name")):
        yield note(f"Several products on sale have one name: {some(ids)}. The JSON API needs an id to choose one.")


def _sharing(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Group ids by the value that they are paired with, and return the groups of more than one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for pk, value in pairs:
        groups[value].append(pk)
    return [sorted(ids) for ids in groups.values() if len(ids) > 1]

"""Comparing rows as the driver gives them: what is equal is told equal, and a difference in any one column is seen."""

from datetime import timedelta
from typing import Any

import pytest

from billing.mirror import equal_rows
from billing.mirror import kinds as catalog
from billing.mirror.registry import Kind
from billing.models import Price, Product
from subscriptions.mirror import kinds, mapping
from subscriptions.models import CheckoutSession, Invoice, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle

pytestmark = pytest.mark.django_db

# A value of each kind that no column of ours has.
OTHERS: dict[type, Any] = {str: "other", int: 77, list: [{"other": "thing"}], dict: {"other": "thing"}}
KINDS: dict[str, Kind[Any]] = {
    "product": catalog.PRODUCT,
    "price": catalog.PRICE,
    "customer": kinds.CUSTOMER,
    "subscription": kinds.SUBSCRIPTION,
    "invoice": kinds.INVOICE,
}


@pytest.fixture
def objects(paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[str, dict[str, Any]]:
    """One of each kind, as Stripe has it, with a date in every column that can have one."""
    settle()
    subscription, invoice = Subscription.objects.get(), Invoice.objects.get()
    product, price = Product.objects.get(), Price.objects.get()
    local_stripe.api.products.update(product.pk, {"metadata": {"line": "one\ntwo", "quote": '"ü"', "grace_days": "3"}})
    found: dict[str, Any] = {
        "product": local_stripe.api.products.retrieve(product.pk),
        "price": local_stripe.api.prices.retrieve(price.pk),
        "customer": local_stripe.api.customers.retrieve(str(subscription.customer_id)),
        "subscription": local_stripe.api.subscriptions.retrieve(subscription.pk),
        "invoice": local_stripe.api.invoices.retrieve(invoice.pk),
    }
    plain: dict[str, dict[str, Any]] = {name: obj.to_dict(for_json=True) for name, obj in found.items()}
    now = plain["subscription"]["created"]
    plain["subscription"] |= dict.fromkeys(("trial_end", "cancel_at", "canceled_at", "ended_at"), now + 7)
    plain["subscription"]["pause_collection"] = {"behavior": "void", "resumes_at": now + 8}
    plain["invoice"]["next_payment_attempt"] = now + 9
    return plain


def other_than(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if hasattr(value, "tzinfo"):
        return value + timedelta(seconds=1)
    return OTHERS[type(value)]


def test_any_column_may_differ(objects: dict[str, dict[str, Any]]) -> None:
    for name, kind in KINDS.items():
        wanted, pk = kind.columns(objects[name]), objects[name]["id"]
        where = {"pk__in": [pk]}
        kind.model._default_manager.filter(pk=pk).update(**wanted)
        assert equal_rows.compare_rows(kind.model, where, {pk: wanted}) == {pk: True}
        given = [column for column, value in wanted.items() if value is not None]
        assert len(given) >= len(wanted) - 2
        for column in given:
            for other in (other_than(wanted[column]), None):
                differing = {pk: wanted | {column: other}}
                assert equal_rows.compare_rows(kind.model, where, differing) == {pk: False}, (name, column, other)


def test_a_column_of_which_nothing_is_wanted_may_be_anything(objects: dict[str, dict[str, Any]]) -> None:
    wanted, pk = mapping.customer_columns(objects["customer"]), objects["customer"]["id"]
    columns = {pk: {"email": wanted["email"]}, "cus_other": wanted}
    assert equal_rows.compare_rows(kinds.CUSTOMER.model, {"pk__in": [pk, "cus_other"]}, columns) == {pk: True}


def test_rows_of_a_span_of_which_nothing_is_wanted_are_told(objects: dict[str, dict[str, Any]]) -> None:
    created = Subscription.objects.get().stripe_created_at
    assert created is not None
    pk = objects["subscription"]["id"]
    span = {"stripe_created_at__gte": created, "stripe_created_at__lte": created}
    assert equal_rows.compare_rows(Subscription, span, {}) == {pk: False}
    assert equal_rows.compare_rows(Subscription, {"stripe_created_at__gt": created}, {}) == {}
    assert equal_rows.compare_rows(Subscription, {}, {}, limit=1) == {pk: False}


def test_of_more_rows_than_the_limit_the_newest_are_read(objects: dict[str, dict[str, Any]]) -> None:
    created = Subscription.objects.get().stripe_created_at
    assert created is not None
    for number in (1, 3, 2):
        Subscription.objects.create(pk=f"sub_{number}", stripe_created_at=created + timedelta(hours=number))
    assert list(equal_rows.compare_rows(Subscription, {}, {}, limit=2)) == ["sub_3", "sub_2"]


@pytest.mark.only_on("sqlite")  # The others refuse to store it.
def test_half_a_character_is_compared_too(objects: dict[str, dict[str, Any]]) -> None:
    pk, wanted = objects["customer"]["id"], {"metadata": {"typed": "half \ud83d"}}
    kinds.CUSTOMER.model.objects.filter(pk=pk).update(**wanted)
    assert equal_rows.compare_rows(kinds.CUSTOMER.model, {"pk__in": [pk]}, {pk: wanted}) == {pk: True}

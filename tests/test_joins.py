"""The watch over joins finds those that filter or sort, and lets pass what only reads linked rows."""

import pytest
from django.db.models import Exists, OuterRef
from django.test import Client

from billing.linked import linked
from billing.models import Price
from subscriptions.models import Payment, Subscription
from tests import joins

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite", "postgresql")]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (Subscription.objects.filter(customer="cus_1"), ""),
        (linked(Subscription.objects.filter(customer="cus_1"), "price__product"), ""),
        (linked(Subscription.objects.filter(customer="cus_1"), "schedule__next_price__product")[:5], ""),
        (
            Subscription.objects.filter(customer__email="ada@x.com"),
            "filters or sorts by columns of subscriptions_customer",
        ),
        (
            linked(Price.objects.order_by("product__name"), "product"),
            "filters or sorts by columns of billing_product",
        ),
        (
            Subscription.objects.filter(schedule__next_price__product="prod_1", price__product="prod_1").order_by(),
            "filters or sorts by columns of T5, billing_price",
        ),
        (Payment.objects.filter(Exists(Subscription.objects.filter(pk=OuterRef("pk")))), "filters by a subquery"),
    ],
    ids=["own", "links", "a page", "filter", "order", "two of one table", "subquery"],
)
def test_judges_a_query(rows, reason):
    assert joins.found_in(str(rows.query)) == reason


def test_fails_a_page_that_joins(client: Client, monkeypatch, price: Price):
    called_pro = Price.objects.filter(product__name="Pro")
    monkeypatch.setattr("billing.catalog.lookup.products_on_sale", lambda: list(called_pro.all()))
    with pytest.raises(AssertionError, match="filters or sorts by columns of billing_product, while somebody waits"):
        client.get("/")


def test_leaves_a_test_of_its_own_alone():
    assert list(Subscription.objects.filter(customer__email="ada@x.com")) == []

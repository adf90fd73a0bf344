"""The pages that only read: what they show, how many queries they take, and that they never call Stripe."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.customers import services as customers
from subscriptions.models import Customer, Payment, Subscription
from tests import joins
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


def rows(customer: Customer, price: Price, *, count: int) -> None:
    """So many more subscriptions and purchases of other products, as the mirror would have them."""
    now = timezone.now()
    for number in range(count):
        product = Product.objects.create(pk=f"prod_{number}", name=f"Plan {number}", stripe_created_at=now)
        Price.objects.create(pk=f"price_{number}", product=product, currency="usd", unit_amount=100, interval="month")
        Subscription.objects.create(
            pk=f"sub_{number}",
            customer=customer,
            status="active",
            product=product,
            price_id=f"price_{number}",
            items=[{"id": "si_1", "price": f"price_{number}", "product": product.pk, "quantity": 1}],
            stripe_created_at=now,
        )
        Payment.objects.create(
            payment_intent_id=f"pi_{number}",
            customer=customer,
            product=product,
            amount=100,
            currency="usd",
            status="succeeded",
            stripe_created_at=now,
        )


class TestPlans:
    def test_shows_what_is_on_sale(self, client: Client, price: Price) -> None:
        hidden = catalog.create_product(
            name="Hidden", price=PriceTerms(unit_amount=1, currency="usd"), request_id="hidden"
        )
        catalog.archive_product(product=hidden.product)
        response = client.get("/")
        assert [offer.product.name for offer in response.context["offers"]] == ["Pro"]
        assert b"$19.00" in response.content
        assert f'action="/buy/{price.pk}/"'.encode() in response.content

    def test_without_plans(self, client: Client, db: None) -> None:
        response = client.get("/")
        assert (response.status_code, response.context["offers"]) == (200, [])

    @pytest.mark.parametrize(
        ("status", "state"), [("active", "subscribed"), ("past_due", "subscribed"), ("canceled", "buy")]
    )
    def test_tells_who_has_it(
        self, customer_client: Client, customer: Customer, price: Price, status: str, state: str
    ) -> None:
        Subscription.objects.create(
            pk="sub_1",
            customer=customer,
            status=status,
            price=price,
            items=[{"price": price.pk, "product": price.product_id}],
        )
        offer = customer_client.get("/").context["offers"][0]
        assert [item.state for item in offer.prices] == [state]

    def test_another_price_of_what_one_has_is_a_switch(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=19000, currency="usd", interval="year"), request_id="y"
        )
        Subscription.objects.create(
            pk="sub_1",
            customer=customer,
            status="active",
            price=price,
            product=price.product,
            items=[{"price": price.pk, "product": price.product_id}],
        )
        offer = customer_client.get("/").context["offers"][0]
        assert [item.state for item in offer.prices] == ["subscribed", "switch"]

    def test_takes_eight_queries_and_no_call_whatever_there_is(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        local_stripe: LocalStripe,
        django_assert_max_num_queries: Any,
    ) -> None:
        rows(customer, price, count=30)
        local_stripe.forget_calls()
        with django_assert_max_num_queries(8):
            response = customer_client.get("/")
        assert len(response.context["offers"]) == 31
        assert local_stripe.calls == []


class TestAccount:
    def test_is_for_the_signed_in(self, client: Client, db: None) -> None:
        response = client.get("/account/")
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/account/")

    def test_empty(self, customer_client: Client) -> None:
        response = customer_client.get("/account/")
        assert response.status_code == 200
        assert list(response.context["subscriptions"]) == []

    def test_shows_nothing_of_somebody_else(
        self, customer_client: Client, price: Price, staff: User, local_stripe: LocalStripe
    ) -> None:
        rows(customers.ensure(staff), price, count=1)
        response = customer_client.get("/account/")
        assert list(response.context["subscriptions"]) == []
        assert list(response.context["payments"]) == []

    def test_takes_thirteen_queries_and_no_call_whatever_there_is(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        local_stripe: LocalStripe,
        django_assert_max_num_queries: Any,
    ) -> None:
        rows(customer, price, count=30)
        local_stripe.forget_calls()
        with django_assert_max_num_queries(joins.queries(13, links=7)):
            response = customer_client.get("/account/")
        assert b"Plan 29" in response.content
        assert local_stripe.calls == []

    @pytest.mark.parametrize(("page", "count"), [("", 20), ("2", 10), ("99", 10), ("-1", 10), ("x", 20)])
    def test_payments_are_paged(
        self, customer_client: Client, customer: Customer, price: Price, page: str, count: int
    ) -> None:
        rows(customer, price, count=30)
        assert len(customer_client.get("/account/", {"page": page}).context["payments"]) == count

    @pytest.mark.parametrize("status", [*Subscription.Status.values, "a_status_of_next_year"])
    def test_every_status_has_words(
        self, customer_client: Client, customer: Customer, price: Price, status: str
    ) -> None:
        Subscription.objects.create(pk="sub_1", customer=customer, status=status, price=price, product=price.product)
        response = customer_client.get("/account/")
        label = Subscription.objects.get().status_label
        assert label.encode() in response.content


class TestPredicates:
    """A predicate and the query set of the same meaning agree for every status."""

    @pytest.mark.parametrize("status", [*Subscription.Status.values, "a_status_of_next_year"])
    def test_of_subscriptions(self, db: None, status: str) -> None:
        subscription = Subscription.objects.create(pk="sub_1", status=status)
        assert Subscription.objects.running().exists() == subscription.is_running
        assert Subscription.objects.giving_access(timezone.now()).exists() == subscription.gives_access
        assert subscription.has_ended is (status in {"canceled", "incomplete_expired"})

    @pytest.mark.parametrize("status", Payment.Status.values)
    @pytest.mark.parametrize("ended", [True, False])
    def test_of_payments(self, db: None, status: str, ended: bool) -> None:  # noqa: FBT001
        payment = Payment.objects.create(
            amount=1, currency="usd", status=status, access_ended_at=timezone.now() if ended else None
        )
        assert Payment.objects.giving_access().exists() == payment.gives_access


class TestOtherPages:
    def test_cancelled_checkout_says_that_nothing_was_charged(self, client: Client, db: None) -> None:
        response = client.get("/checkout/cancelled/")
        assert response.status_code == 200
        assert b"charged" in response.content

    @pytest.mark.parametrize("path", ["/", "/account/", "/checkout/success/", "/checkout/cancelled/"])
    def test_wrong_method(self, customer_client: Client, path: str) -> None:
        assert customer_client.post(path).status_code == 405

    def test_admin_lists_do_not_grow_in_queries(
        self, admin_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        paths = [
            f"/admin/subscriptions/{name}/" for name in ("customer", "subscription", "payment", "checkoutsession")
        ]

        def queries() -> list[int]:
            counts = []
            for path in paths:
                with CaptureQueriesContext(connection) as captured:
                    assert admin_client.get(path).status_code == 200
                counts.append(len(captured))
            return counts

        rows(customer, price, count=2)
        few = queries()
        Subscription.objects.all().delete()
        Payment.objects.all().delete()
        Price.objects.exclude(pk=price.pk).delete()
        Product.objects.exclude(pk=price.product_id).delete()
        rows(customer, price, count=20)
        assert queries() == few

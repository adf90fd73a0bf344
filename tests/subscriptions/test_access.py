"""Who may see what: by product or by any plan, with a grace period on Stripe's clock."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone
from django.views.generic import View

from billing.models import Price, Product
from subscriptions import access, stripe_clock
from subscriptions.models import CheckoutSession, Customer, Payment, Subscription, SyncState
from tests import joins
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db

STATUSES = [*Subscription.Status.values, "a_status_of_next_year"]


def subscribed(customer: Customer, price: Price, status: str = "active", **columns: Any) -> Subscription:
    return Subscription.objects.create(
        pk="sub_1",
        customer=customer,
        status=status,
        price=price,
        product_id=price.product_id,
        items=[{"id": "si_1", "price": price.pk, "product": price.product_id, "quantity": 1}],
        **columns,
    )


class TestHasAccess:
    @pytest.mark.parametrize("status", STATUSES)
    def test_by_status(self, person: User, customer: Customer, price: Price, status: str) -> None:
        subscribed(customer, price, status, current_period_start_at=timezone.now() - timedelta(days=30))
        assert access.has_access(person, price.product_id) is (status in {"active", "trialing"})

    def test_by_product_or_by_any_plan(self, person: User, customer: Customer, price: Price) -> None:
        subscribed(customer, price)
        assert access.has_access(person)
        assert access.has_access(person, price.product)
        assert not access.has_access(person, "prod_other")

    def test_by_any_item_of_a_subscription(self, person: User, customer: Customer, price: Price) -> None:
        subscription = subscribed(customer, price)
        subscription.items.append({"id": "si_2", "price": "price_2", "product": "prod_2", "quantity": 1})
        subscription.save()
        assert access.has_access(person, "prod_2")

    def test_by_a_one_time_purchase(self, person: User, customer: Customer, price: Price) -> None:
        payment = Payment.objects.create(
            customer=customer, product_id="prod_book", amount=1, currency="usd", status="succeeded"
        )
        assert access.has_access(person, "prod_book")
        assert not access.has_access(person, price.product_id)
        # It is no subscription to any plan.
        assert not access.has_access(person)
        Payment.objects.filter(pk=payment.pk).update(access_ended_at=timezone.now())
        assert not access.has_access(person, "prod_book")

    def test_not_for_somebody_else(self, staff: User, customer: Customer, price: Price) -> None:
        subscribed(customer, price)
        assert not access.has_access(staff)
        assert not access.has_access(AnonymousUser())

    def test_takes_three_queries(
        self, person: User, customer: Customer, price: Price, django_assert_num_queries: Any
    ) -> None:
        subscribed(customer, price)
        stripe_clock.now()
        with django_assert_num_queries(joins.queries(3, links=1)):
            assert access.has_access(person, price.product_id)


class TestGrace:
    @pytest.mark.parametrize(("days", "expected"), [(6, True), (8, False)])
    def test_lasts_as_the_setting_says(
        self,
        person: User,
        customer: Customer,
        price: Price,
        days: int,
        expected: bool,  # noqa: FBT001
    ) -> None:
        subscription = subscribed(customer, price, "past_due", past_due_since_at=timezone.now() - timedelta(days=days))
        assert access.has_access(person) is expected
        assert Subscription.objects.giving_access(timezone.now()).exists() is expected
        assert subscription.gives_access is expected

    @pytest.mark.parametrize(("days", "expected"), [(1, True), (3, False)])
    def test_or_as_the_product_says(
        self,
        person: User,
        customer: Customer,
        price: Price,
        days: int,
        expected: bool,  # noqa: FBT001
    ) -> None:
        Product.objects.filter(pk=price.product_id).update(grace_days=2)
        subscribed(customer, price, "past_due", past_due_since_at=timezone.now() - timedelta(days=days))
        assert access.has_access(person) is expected
        assert Subscription.objects.giving_access(timezone.now()).exists() is expected

    def test_is_not_renewed_by_another_period(
        self, client: Client, person: User, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        """Stripe can leave a subscription past due for good; each month begins a new period all the same."""
        settle()
        subscription = Subscription.objects.get()
        local_stripe.control("dunning", after_last_attempt="past_due")
        bad = local_stripe.api.payment_methods.attach(
            "pm_card_chargeCustomerFail", {"customer": str(subscription.customer_id)}
        )
        local_stripe.api.subscriptions.update(subscription.pk, {"default_payment_method": bad.id})
        for days, expected in ((33, True), (33, False)):
            local_stripe.control("clock", advance=days * 86400)
            sync_now()
            stripe_clock.forget()
            assert Subscription.objects.get().status == "past_due"
            assert access.has_access(person) is expected

    def test_is_counted_on_stripes_clock(self, person: User, customer: Customer, price: Price) -> None:
        """The sandbox is a year ahead; so is what it says of this subscription."""
        year = timedelta(days=365)
        SyncState.objects.create(clock_offset=int(year.total_seconds()))
        subscribed(customer, price, "past_due", past_due_since_at=timezone.now() + year - timedelta(days=6))
        stripe_clock.forget()
        assert access.has_access(person)
        Subscription.objects.update(past_due_since_at=timezone.now() + year - timedelta(days=8))
        assert not access.has_access(person)


class TestGuards:
    def request(self, user: User | AnonymousUser) -> HttpRequest:
        request = RequestFactory().get("/library/")
        request.user = user
        for middleware in (SessionMiddleware, MessageMiddleware):
            middleware(lambda _request: HttpResponse()).process_request(request)
        return request

    def test_a_view(self, person: User, staff: User, customer: Customer, price: Price) -> None:
        subscribed(customer, price)

        @access.required(product=price.product_id)
        def library(request: HttpRequest) -> HttpResponse:
            return HttpResponse("books")

        assert library(self.request(person)).content == b"books"  # type: ignore[attr-defined]
        assert library(self.request(staff)).headers["Location"] == "/"
        assert library(self.request(AnonymousUser())).headers["Location"] == "/accounts/login/?next=/library/"

    def test_a_class_based_view(self, person: User, staff: User, customer: Customer, price: Price) -> None:
        subscribed(customer, price)

        class Library(access.Required, View):
            def get(self, request: HttpRequest) -> HttpResponse:
                return HttpResponse("books")

        view = Library.as_view(access_product=price.product_id)
        assert view(self.request(person)).content == b"books"  # type: ignore[attr-defined]
        assert view(self.request(staff)).headers["Location"] == "/"

    def test_a_template(self, person: User, staff: User, customer: Customer, price: Price) -> None:
        subscribed(customer, price)
        page = Template("{% load access %}{% if user|has_access:product %}in{% else %}out{% endif %}")
        assert page.render(Context({"user": person, "product": price.product})) == "in"
        assert page.render(Context({"user": staff, "product": price.product})) == "out"

    def test_the_sample_page(self, client: Client, customer_client: Client, customer: Customer, price: Price) -> None:
        assert customer_client.get("/members/")["Location"] == "/"
        subscribed(customer, price)
        assert customer_client.get("/members/").status_code == 200
        customer_client.logout()
        assert customer_client.get("/members/")["Location"] == "/accounts/login/?next=/members/"

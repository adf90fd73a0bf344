"""Customers deleted in the dashboard: the person's next need makes another."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions import access
from subscriptions.customers import services as customers
from subscriptions.models import CheckoutSession, Customer, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db


class TestPortal:
    def test_opens_for_another_customer(
        self, customer_client: Client, person: User, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.customers.delete(customer.pk)
        response = customer_client.post("/billing-portal/")
        assert (response.status_code, "/portal/" in response["Location"]) == (303, True)
        assert customers.ensure(person).pk != customer.pk

    def test_twice_makes_one(self, customer_client: Client, customer: Customer, local_stripe: LocalStripe) -> None:
        local_stripe.api.customers.delete(customer.pk)
        customer_client.post("/billing-portal/")
        customer_client.post("/billing-portal/")
        assert len(local_stripe.api.customers.list().data) == 1


class TestWithARunningSubscription:
    def test_ends_it_and_can_buy_again(
        self, customer_client: Client, person: User, paid_session: CheckoutSession, price: Price,
        local_stripe: LocalStripe,
    ) -> None:  # fmt: skip
        settle()
        assert access.has_access(person)
        local_stripe.api.customers.delete(str(paid_session.customer_id))
        sync_now()
        assert (Subscription.objects.get().status, access.has_access(person)) == ("canceled", False)
        assert customer_client.get("/account/").status_code == 200
        response = customer_client.post(f"/buy/{price.pk}/")
        assert (response.status_code, "/checkout/" in response["Location"]) == (303, True)

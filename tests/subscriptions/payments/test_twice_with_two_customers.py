"""A product that one person pays twice, with a customer of their own and one that was linked to them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from billing.models import Price
from subscriptions.models import BillingAccount, Customer, LinkedCustomer, Payment, Subscription
from subscriptions.monitoring.doctor.duplicates import check_duplicates
from subscriptions.payments import duplicates
from tests.subscriptions.rows import MAY, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(db: None) -> Customer:
    return Customer.objects.create(pk="cus_elsewhere", email="ada@example.com")


def link(elsewhere: Customer, person: User) -> None:
    account = BillingAccount.objects.get(user=person)
    LinkedCustomer.objects.create(pk=elsewhere.pk, account=account, linked_at=timezone.now())


@pytest.fixture
def second(customer: Customer, elsewhere: Customer, price: Price) -> Subscription:
    subscribe(customer, price, stripe_created_at=MAY)
    return subscribe(elsewhere, price, pk="sub_2", stripe_created_at=MAY + timedelta(days=1))


class TestSubscriptions:
    def test_are_found_once_the_customers_are_one_person(
        self, person: User, elsewhere: Customer, second: Subscription, price: Price
    ) -> None:
        assert duplicates.newer_subscriptions() == []
        link(elsewhere, person)
        assert duplicates.newer_subscriptions() == [second]
        said = f"cus_elsewhere pays twice for {price.product_id}: sub_2 is the newer one. "
        assert [found.message.startswith(said) for found in check_duplicates() if found.level == "problem"] == [True]

    def test_to_different_products_are_no_duplicates(
        self, person: User, elsewhere: Customer, second: Subscription
    ) -> None:
        link(elsewhere, person)
        Subscription.objects.filter(pk=second.pk).update(product="prod_other")
        assert duplicates.newer_subscriptions() == []

    def test_of_two_linked_customers_without_one_of_their_own(
        self, person: User, customer: Customer, elsewhere: Customer, second: Subscription
    ) -> None:
        link(elsewhere, person)
        link(customer, person)
        BillingAccount.objects.filter(user=person).update(customer=None)
        assert duplicates.newer_subscriptions() == [second]


def test_one_time_purchases_are_found_too(person: User, customer: Customer, elsewhere: Customer, price: Price) -> None:
    for number, owner in enumerate((elsewhere, customer)):
        Payment.objects.create(
            payment_intent_id=f"pi_{number}", customer=owner, product=price.product, price=price, amount=4900,
            currency="usd", status="succeeded", stripe_created_at=MAY + timedelta(days=number),
        )  # fmt: skip
    assert duplicates.newer_payments() == []
    link(elsewhere, person)
    assert [payment.payment_intent_id for payment in duplicates.newer_payments()] == ["pi_1"]

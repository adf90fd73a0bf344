"""What becomes of customers who have nothing left."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.catalog import services as catalog
from billing.gateway.snapshots import moment
from billing.models import Price, Product
from subscriptions.checkout import services as checkout
from subscriptions.customers import services as customers
from subscriptions.models import BillingAccount, CheckoutSession, Customer, ErasedCustomer, Subscription
from subscriptions.sync import inactive_customers
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(paid_session: CheckoutSession, local_stripe: LocalStripe) -> Customer:
    """Ada's customer, whose one subscription has ended at Stripe."""
    sync_now()
    local_stripe.control("clock", advance=600)
    local_stripe.api.subscriptions.cancel(Subscription.objects.get().pk)
    return Customer.objects.get()


class TestArchive:
    def test_takes_an_idle_customer_out_of_every_list(self, ended: Customer) -> None:
        run, _ = sync_now()
        assert (run.archived, run.is_complete) == (1, True)
        assert list(Customer.objects.listed()) == []
        assert Subscription.objects.get().status == "canceled"

    def test_also_when_a_webhook_brought_the_end(
        self, client: Client, ended: Customer, local_stripe: LocalStripe
    ) -> None:
        for event in local_stripe.events("customer.subscription.deleted"):
            deliver(client, event)
        run, _ = sync_now()
        assert (run.is_full, run.archived) == (False, 1)

    def test_signing_in_restores_the_same_customer_for_good(
        self, ended: Customer, person: User, local_stripe: LocalStripe
    ) -> None:
        sync_now()
        local_stripe.forget_calls()
        assert customers.ensure(person).pk == ended.pk
        assert local_stripe.calls == []
        assert sync_now(full=True)[0].archived == 0
        assert list(Customer.objects.listed()) == [ended]

    def test_a_later_end_archives_again(
        self, ended: Customer, person: User, local_stripe: LocalStripe, price: Any
    ) -> None:
        sync_now()
        customers.ensure(person)
        local_stripe.control("clock", advance=86400)
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": ended.pk})
        again = local_stripe.api.subscriptions.create(
            {"customer": ended.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now()
        local_stripe.control("clock", advance=86400)
        local_stripe.api.subscriptions.cancel(again.id)
        assert sync_now()[0].archived == 1

    def test_one_who_subscribes_again_in_the_dashboard_is_restored(
        self, ended: Customer, local_stripe: LocalStripe, price: Any
    ) -> None:
        sync_now()
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": ended.pk})
        local_stripe.api.subscriptions.create(
            {"customer": ended.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now()
        assert list(Customer.objects.listed()) == [ended]

    def test_one_who_was_restored_while_running_is_archived_after_the_end(
        self, ended: Customer, local_stripe: LocalStripe, price: Any
    ) -> None:
        """What is paid until next month, or was asked to end, has not ended: only real ends count."""
        sync_now()
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": ended.pk})
        again = local_stripe.api.subscriptions.create(
            {"customer": ended.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now()
        local_stripe.control("clock", advance=86400)
        local_stripe.api.subscriptions.cancel(again.id)
        assert sync_now()[0].archived == 1

    def test_leaves_who_is_buying_again(
        self, ended: Customer, person: User, price: Price, local_stripe: LocalStripe, settings: Any
    ) -> None:
        """She cancelled, and is on the payment page again when the sync hears of the end."""
        settings.INACTIVE_CUSTOMERS = "delete"
        deliver(Client(), local_stripe.events("customer.subscription.deleted")[0])
        started = checkout.start(user=person, price_id=price.pk, now=timezone.now())
        assert started.session is not None
        assert sync_now(full=True)[0].archived == 0
        local_stripe.pay(started.session.stripe_id)
        result = checkout.complete(user=person, session_id=str(started.session.stripe_id))
        assert result.state == "paid"

    def test_leaves_everybody_when_events_failed(self, ended: Customer, local_stripe: LocalStripe) -> None:
        """The event that could not be worked may be of another subscription of theirs."""
        local_stripe.api.products.update(str(Product.objects.get().pk), {"name": "Pro Plus"})
        failing = local_stripe.events("product.updated")[-1]
        Product.objects.update(known_from=moment(failing["created"]), known_until=moment(failing["created"]))
        local_stripe.control("faults", status=500, count=3, path="/v1/products")
        run, _ = sync_now()
        assert (run.failed > 0, run.archived) == (True, 0)
        assert list(Customer.objects.listed()) == [ended]

    def test_leaves_who_never_bought(self, customer: Customer) -> None:
        assert sync_now(full=True)[0].archived == 0
        assert list(Customer.objects.listed()) == [customer]

    def test_leaves_the_overdue(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        sync_now()
        Subscription.objects.update(status="past_due")
        assert (
            inactive_customers.archive_inactive([str(Subscription.objects.get().customer_id)], now=timezone.now()) == 0
        )

    def test_leaves_who_owns_a_one_time_good(self, ended: Customer, person: User, local_stripe: LocalStripe) -> None:
        terms = catalog.PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
        once = catalog.create_product(name="Handbook", price=terms, request_id="once").price
        started = checkout.start(user=person, price_id=once.pk, now=timezone.now())
        assert started.session is not None
        local_stripe.pay(started.session.stripe_id)
        assert sync_now()[0].archived == 0


class TestDelete:
    def test_leaves_an_id_that_nothing_brings_back(
        self, client: Client, ended: Customer, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.INACTIVE_CUSTOMERS = "delete"
        assert sync_now()[0].archived == 1
        assert (Customer.objects.count(), Subscription.objects.count()) == (0, 0)
        assert ErasedCustomer.objects.get().pk == ended.pk
        assert BillingAccount.objects.get().customer_id is None
        for event in local_stripe.events():
            assert deliver(client, {**event, "id": event["id"] + "_late"}).status_code == 200
        sync_now(full=True)
        assert (Customer.objects.count(), Subscription.objects.count()) == (0, 0)


class TestKeep:
    def test_changes_nothing(self, ended: Customer, settings: Any) -> None:
        settings.INACTIVE_CUSTOMERS = "keep"
        assert sync_now()[0].archived == 0
        assert list(Customer.objects.listed()) == [ended]

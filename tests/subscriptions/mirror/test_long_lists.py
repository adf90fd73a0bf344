"""Objects with more than ten members in a list: Stripe shows ten of them, and the others on request."""

from typing import Any

import pytest
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import Customer, Subscription
from subscriptions.plans import preview
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import path_to, settle, sync_now

pytestmark = pytest.mark.django_db

ITEMS = "GET /v1/subscription_items"


@pytest.fixture
def twelve(local_stripe: LocalStripe, db: None) -> list[Price]:
    """Twelve products at 1.00 to 12.00 USD a month."""
    return [
        catalog.create_product(
            name=f"Part {number}", price=PriceTerms(unit_amount=100 * number, currency="usd"), request_id=f"{number}"
        ).price
        for number in range(1, 13)
    ]


def subscribe_in_dashboard(local_stripe: LocalStripe, customer: Customer, prices: list[Price]) -> str:
    local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
    local_stripe.api.customers.update(
        customer.pk, {"invoice_settings": {"default_payment_method": _card(local_stripe, customer)}}
    )
    items: Any = [{"price": price.pk} for price in prices]
    return local_stripe.api.subscriptions.create({"customer": customer.pk, "items": items}).id


def _card(local_stripe: LocalStripe, customer: Customer) -> str:
    return local_stripe.api.payment_methods.list({"customer": customer.pk}).data[0].id


class TestItems:
    def test_are_all_mirrored_by_a_webhook(
        self, client: Client, customer: Customer, twelve: list[Price], local_stripe: LocalStripe
    ) -> None:
        settle()
        subscription_id = subscribe_in_dashboard(local_stripe, customer, twelve)
        local_stripe.forget_calls()
        [event] = local_stripe.events("customer.subscription.created")
        assert deliver(client, event).status_code == 200
        assert Subscription.objects.get().price_ids == {price.pk for price in twelve}
        assert local_stripe.calls == [f"GET /v1/subscriptions/{subscription_id}", ITEMS]

    def test_are_all_mirrored_by_a_full_sync(
        self, customer: Customer, twelve: list[Price], local_stripe: LocalStripe
    ) -> None:
        settle()
        subscribe_in_dashboard(local_stripe, customer, twelve)
        local_stripe.forget_calls()
        sync_now(full=True)
        assert Subscription.objects.get().price_ids == {price.pk for price in twelve}
        Subscription.objects.update(items=[])
        sync_now(full=True)
        local_stripe.forget_calls()
        run, _ = sync_now(full=True)
        assert len(Subscription.objects.get().items) == 12
        assert local_stripe.calls.count(ITEMS) == 1
        assert run.is_complete

    def test_of_ten_cost_no_further_call(
        self, client: Client, customer: Customer, twelve: list[Price], local_stripe: LocalStripe
    ) -> None:
        settle()
        subscribe_in_dashboard(local_stripe, customer, twelve[:10])
        local_stripe.forget_calls()
        [event] = local_stripe.events("customer.subscription.created")
        deliver(client, event)
        assert len(Subscription.objects.get().items) == 10
        assert local_stripe.calls == []

    def test_that_cannot_be_read_leave_the_row_as_it_was(
        self, client: Client, customer: Customer, twelve: list[Price], local_stripe: LocalStripe
    ) -> None:
        settle()
        subscribe_in_dashboard(local_stripe, customer, twelve)
        [event] = local_stripe.events("customer.subscription.created")
        local_stripe.control("faults", status=500, count=9, path="/v1/subscription_items")
        assert deliver(client, event).status_code == 500
        assert not Subscription.objects.exists()


class TestLinesOfAPreview:
    def test_are_all_shown(
        self,
        customer_client: Client,
        customer: Customer,
        twelve: list[Price],
        local_stripe: LocalStripe,
        team: Price,
    ) -> None:
        settle()
        subscribe_in_dashboard(local_stripe, customer, twelve)
        sync_now()
        shown: preview.Preview = customer_client.get(path_to(Subscription.objects.get(), team)).context["preview"]
        assert len(shown.lines) == 14
        assert sum(line.amount for line in shown.lines) == shown.total

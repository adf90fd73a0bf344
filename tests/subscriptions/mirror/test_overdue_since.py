"""Since when a subscription is overdue: since its payment failed, however late that is heard of."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from billing import gateway
from billing.mirror import engine
from billing.models import Price
from subscriptions.mirror import kinds
from subscriptions.models import Customer, Subscription
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import DAY, settle, sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def declined(subscription: Subscription, client: Client, local_stripe: LocalStripe) -> Subscription:
    """A subscription whose card was declined two days ago; here only the event that its new period began is known."""
    method = local_stripe.api.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": str(subscription.customer_id)}
    )
    local_stripe.api.subscriptions.update(subscription.pk, {"default_payment_method": method.id})
    settle()
    renews_at = subscription.current_period_end_at
    assert renews_at is not None
    local_stripe.control("clock", to=int(renews_at.timestamp()) + 2 * DAY)
    deliver(client, renewals(local_stripe)[0])
    known = Subscription.objects.get()
    assert (known.status, known.current_period_start_at) == ("active", renews_at)
    return known


def renewals(local_stripe: LocalStripe) -> list[dict[str, Any]]:
    """The events of the renewal: the new period, and its declined payment within the same second."""
    begun, failed = local_stripe.events("customer.subscription.updated")[-2:]
    assert (begun["data"]["object"]["status"], failed["data"]["object"]["status"]) == ("active", "past_due")
    assert begun["created"] == failed["created"]
    return [begun, failed]


def failed_at(local_stripe: LocalStripe) -> datetime:
    invoice = local_stripe.api.invoices.list({"status": "open"}).data[0]
    finalized_at = invoice.status_transitions.finalized_at
    assert finalized_at
    return datetime.fromtimestamp(finalized_at, UTC)


def fetch(subscription: Subscription) -> None:
    engine.apply_answer(kinds.SUBSCRIPTION, subscription.pk, lambda: gateway.retrieve_subscription(subscription.pk))


class TestOverdueSince:
    def test_counts_from_the_failure_when_it_is_fetched_days_later(
        self, declined: Subscription, local_stripe: LocalStripe
    ) -> None:
        fetch(declined)
        fetched = Subscription.objects.get()
        assert (fetched.status, fetched.past_due_since_at) == ("past_due", failed_at(local_stripe))
        assert fetched.grace_ends_at == failed_at(local_stripe) + timedelta(days=7)

    def test_counts_from_the_failure_in_a_full_reconcile(
        self, declined: Subscription, local_stripe: LocalStripe
    ) -> None:
        sync_now(full=True)
        assert Subscription.objects.get().past_due_since_at == failed_at(local_stripe)

    def test_counts_from_the_failure_when_two_events_share_its_second(
        self, client: Client, declined: Subscription, local_stripe: LocalStripe
    ) -> None:
        deliver(client, renewals(local_stripe)[1])
        assert Subscription.objects.get().past_due_since_at == failed_at(local_stripe)

    def test_asks_for_the_invoice_once(self, declined: Subscription, local_stripe: LocalStripe) -> None:
        local_stripe.forget_calls()
        fetch(declined)
        fetch(declined)
        assert [call for call in local_stripe.calls if "/invoices/" in call] == [
            f"GET /v1/invoices/{Subscription.objects.get().latest_invoice_id}"
        ]

    def test_counts_from_the_day_it_was_due_of_a_sent_invoice(
        self, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.create(
            {
                "customer": customer.pk,
                "items": [{"price": price.pk}],
                "collection_method": "send_invoice",
                "days_until_due": 10,
            }
        )
        settle()
        local_stripe.control("clock", advance=13 * DAY)
        fetch(Subscription.objects.get())
        overdue = Subscription.objects.get()
        due = local_stripe.api.invoices.list({"status": "open"}).data[0].due_date
        assert due
        assert (overdue.status, overdue.past_due_since_at) == ("past_due", datetime.fromtimestamp(due, UTC))

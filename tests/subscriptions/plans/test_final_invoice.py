"""What cancelling at once still costs, told before the click."""

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Subscription
from subscriptions.plans import cancel, final_invoice
from subscriptions.plans import change as changes
from subscriptions.plans import preview as previews
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.conftest import DAY, settle, sync_now
from tests.subscriptions.reading import shown

pytestmark = pytest.mark.django_db


def change(subscription: Subscription, price: Price, quantity: int = 1) -> Subscription:
    preview = previews.preview(subscription=subscription, price=price, quantity=quantity)
    return changes.change(
        subscription=subscription, price=price, quantity=quantity, proration_date=preview.proration_date
    )


def words(client: Client, subscription: Subscription) -> str:
    return reading.words(shown(client, f"/subscriptions/{subscription.pk}/cancel/"))


class TestLastBill:
    def test_of_an_upgrade_is_what_the_last_invoice_takes(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=10 * DAY)
        settle()
        changed = change(Subscription.objects.get(), team)
        local_stripe.forget_calls()
        page = words(customer_client, changed)
        assert local_stripe.calls == ["POST /v1/invoices/create_preview"]
        told = final_invoice.preview(subscription=changed)
        assert told is not None
        assert f"Nothing is refunded, and {told.amount_due_display} is charged now for changes that" in page
        cancel.cancel_now(subscription=changed)
        newest = local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]
        # Thirty US dollars more a month, for what was left of it.
        assert 0 < told.amount_due == newest.amount_paid < 3000

    def test_of_one_that_ends_with_the_period_comes_on_that_day(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        changed = change(subscription, team)
        told = final_invoice.preview(subscription=changed)
        assert told is not None
        assert f"On that day {told.amount_due_display} is charged for changes that" in words(customer_client, changed)
        cancel.cancel(subscription=changed)
        local_stripe.control("clock", advance=40 * DAY)
        newest = local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]
        assert 0 < told.amount_due == newest.amount_paid < 3000
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).status == "canceled"

    def test_of_a_downgrade_is_nothing(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        cheap = subscription.price
        changed = change(change(subscription, team), cheap)
        assert "Nothing is refunded, and nothing more is charged." in words(customer_client, changed)
        cancel.cancel_now(subscription=changed)
        assert all(invoice.amount_due in {0, 1900} for invoice in local_stripe.api.invoices.list().data)

    def test_in_the_next_period_is_not_asked_for(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        change(subscription, team)
        local_stripe.control("clock", advance=32 * DAY)
        sync_now()
        local_stripe.forget_calls()
        assert "and nothing more is charged." in words(customer_client, subscription)
        assert local_stripe.calls == []

    def test_without_stripe_the_page_still_cancels(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        changed = change(subscription, team)
        local_stripe.control("faults", status=500, count=5, path="/v1/invoices/create_preview")
        local_stripe.forget_calls()
        assert "and what is still owed is invoiced." in words(customer_client, changed)
        assert local_stripe.calls == ["POST /v1/invoices/create_preview"]
        path = f"/subscriptions/{changed.pk}/cancel/"
        assert customer_client.post(path, {"when": "now"}).status_code == 302
        assert Subscription.objects.get().status == "canceled"

"""Cancelling now with an open invoice: the page says what becomes of it, and that is what becomes of it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Invoice, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, settle, sync_now
from tests.subscriptions.reading import shown, words
from tests.subscriptions.rows import bill

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(customer: Customer, price: Price, local_stripe: LocalStripe) -> Subscription:
    """A subscription of ada's that is billed by invoices, the first of which is open."""
    local_stripe.api.subscriptions.create(
        {
            "customer": customer.pk,
            "items": [{"price": price.pk}],
            "collection_method": "send_invoice",
            "days_until_due": 14,
        }
    )
    settle()
    local_stripe.control("clock", advance=3 * 3600)
    sync_now()
    return Subscription.objects.get()


class TestASentInvoice:
    def test_is_named_and_stays_to_be_paid(
        self, customer_client: Client, sent: Subscription, local_stripe: LocalStripe
    ) -> None:
        invoice = Invoice.objects.get()
        assert (invoice.status, invoice.amount_remaining) == ("open", 1900)
        path = f"/subscriptions/{sent.pk}/cancel/"
        due = f"{invoice.due_at:%-d %B %Y}"
        assert (
            "Now Access ends at once. Nothing is refunded, and nothing more is invoiced. "
            f"Invoice {invoice} of $19.00, due on {due}, stays open: you still owe it."
        ) in words(shown(customer_client, path))
        page = customer_client.post(path, {"when": "now"}, follow=True).content.decode()
        assert f"Your subscription has ended. Still to be paid: invoice {invoice} of $19.00." in words(page)
        assert local_stripe.api.subscriptions.retrieve(sent.pk).status == "canceled"
        sync_now()
        assert local_stripe.api.invoices.retrieve(invoice.pk).status == "open"
        account = words(shown(customer_client, "/account/"))
        assert "Paying this invoice does not bring it back, but you still owe it." in account

    def test_that_is_paid_is_not_named(
        self, customer_client: Client, sent: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.invoices.pay(Invoice.objects.get().pk, {"paid_out_of_band": True})
        sync_now()
        path = f"/subscriptions/{sent.pk}/cancel/"
        assert "you still owe it" not in shown(customer_client, path)
        page = words(customer_client.post(path, {"when": "now"}, follow=True).content.decode())
        assert "Your subscription has ended." in page
        assert "Still to be paid" not in page


class TestAChargedInvoice:
    def test_is_not_charged_any_more(
        self, customer_client: Client, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        method = local_stripe.api.payment_methods.attach(
            "pm_card_chargeCustomerFail", {"customer": str(subscription.customer_id)}
        )
        local_stripe.api.subscriptions.update(subscription.pk, {"default_payment_method": method.id})
        local_stripe.control("clock", advance=25 * DAY)
        settle()
        invoice = Invoice.objects.get(status="open")
        path = f"/subscriptions/{subscription.pk}/cancel/"
        said = f"nothing more is charged. The open invoice {invoice} of $19.00 is not charged any more."
        assert said in words(shown(customer_client, path))
        page = words(customer_client.post(path, {"when": "now"}, follow=True).content.decode())
        assert "Your subscription has ended." in page
        assert "Still to be paid" not in page
        for listed in ("/account/", "/account/invoices/"):
            shown_words = words(shown(customer_client, listed))
            assert f"{invoice} " in shown_words
            assert "$19.00 Not charged any more View" in shown_words
            assert "The subscription has ended, so this invoice is not charged any more." in shown_words
            assert "To be paid" not in shown_words
        local_stripe.control("clock", advance=30 * DAY)
        assert local_stripe.api.invoices.retrieve(invoice.pk).amount_paid == 0

    def test_for_a_change_stays_to_be_paid(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        bill(
            Customer.objects.get(),
            subscription=subscription,
            billing_reason="subscription_update",
            collection_method="charge_automatically",
        )
        path = f"/subscriptions/{subscription.pk}/cancel/"
        said = "Invoice NUMBER-in_1 of $19.00 stays open: you still owe it."
        assert said in words(shown(customer_client, path))
        page = words(customer_client.post(path, {"when": "now"}, follow=True).content.decode())
        assert "Your subscription has ended. Still to be paid: invoice NUMBER-in_1 of $19.00." in page
        assert "$19.00 To be paid Pay NUMBER-in_1" in page

"""A change that is billed at once, of a subscription whose owner gets invoices: sent, and charged to no card."""

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Invoice, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.reading import forms, section, shown, words
from tests.subscriptions.rows import sell_yearly

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(customer: Customer, price: Price, local_stripe: LocalStripe) -> Subscription:
    """A monthly subscription of ada's that is billed by invoices; she has no card."""
    local_stripe.api.subscriptions.create(
        {
            "customer": customer.pk,
            "items": [{"price": price.pk}],
            "collection_method": "send_invoice",
            "days_until_due": 14,
        }
    )
    settle()
    sync_now()
    return Subscription.objects.get()


class TestAChangeThatIsBilledAtOnce:
    def test_is_invoiced_and_not_charged(
        self, customer_client: Client, sent: Subscription, price: Price, local_stripe: LocalStripe
    ) -> None:
        yearly = sell_yearly(price.product)
        path = f"/subscriptions/{sent.pk}/change/{yearly.pk}/"
        page = shown(customer_client, path)
        costs = words(section(page, "costs"))
        assert "$171.00 is invoiced today." in costs
        assert (
            "You get an invoice to pay. Unused time is counted to the second, so it can be a few cents more" in costs
        )
        assert "charge" not in costs
        assert "If the payment fails" not in costs
        assert costs.endswith("Change now")
        assert "From your balance" not in costs

        answer = customer_client.post(path, forms(section(page, "costs"))[0], follow=True)

        assert "Your plan is changed." in words(answer.content.decode())
        sync_now()
        changed = Subscription.objects.get()
        assert (changed.pk, changed.price_id) == (sent.pk, yearly.pk)
        newest = Invoice.objects.get(pk=changed.latest_invoice_id)
        assert (newest.status, newest.amount_remaining) == ("open", 17100)
        assert list(local_stripe.api.charges.list().data) == []

    def test_says_what_comes_from_the_balance(
        self, customer_client: Client, sent: Subscription, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.customers.balance_transactions.create(
            str(sent.customer_id), {"amount": -1000, "currency": "usd"}
        )
        page = shown(customer_client, f"/subscriptions/{sent.pk}/change/{sell_yearly(price.product).pk}/")
        costs = words(section(page, "costs"))
        assert "$161.00 is invoiced today." in costs
        assert costs.endswith("Total $171.00 From your balance -$10.00 To pay $161.00 Change now")

"""What cancelling at once still costs, told before the click."""

from typing import Any

import pytest
from django.test import Client

from billing import money
from billing.models import Price
from subscriptions.models import Customer, Subscription
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
        assert f"Nothing is refunded, and {told.amount_due_display} is charged now for changes not billed yet." in page
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
        assert f"On that day {told.amount_due_display} is charged for changes not billed yet." in words(
            customer_client, changed
        )
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

    def test_in_the_next_period_is_nothing(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        change(subscription, team)
        local_stripe.control("clock", advance=32 * DAY)
        sync_now()
        assert "and nothing more is charged." in words(customer_client, subscription)

    @pytest.mark.parametrize("is_kept", [True, False])
    def test_counts_an_item_that_staff_added_in_the_dashboard(
        self,
        customer_client: Client,
        subscription: Subscription,
        team: Price,
        local_stripe: LocalStripe,
        *,
        is_kept: bool,
    ) -> None:
        item = local_stripe.api.subscription_items.create({"subscription": subscription.pk, "price": team.pk})
        if not is_kept:
            local_stripe.control("clock", advance=10 * DAY)
            local_stripe.api.subscription_items.delete(item.id)
        sync_now()
        page = words(customer_client, subscription)
        newest = cancelled_invoice(local_stripe, subscription)
        assert newest.amount_paid > 0
        figure = money.display(newest.amount_paid, "usd")
        assert f"Nothing is refunded, and {figure} is charged now for changes not billed yet." in page
        assert f"On that day {figure} is charged for changes not billed yet." in page

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


def cancelled_invoice(local_stripe: LocalStripe, subscription: Subscription) -> Any:
    """Cancel the subscription now; return its last invoice."""
    cancel.cancel_now(subscription=subscription)
    return local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]


class TestUse:
    @pytest.fixture
    def metered(self, customer: Customer, price: Price, local_stripe: LocalStripe) -> Subscription:
        """A subscription of ada's that is billed by use, at two cents each; she has used a thousand."""
        meter = local_stripe.api.billing.meters.create(
            {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
        )
        by_use = local_stripe.api.prices.create(
            {
                "product": str(price.product_id),
                "currency": "usd",
                "unit_amount": 2,
                "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id},
            }
        )
        card = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
        local_stripe.api.subscriptions.create(
            {"customer": customer.pk, "items": [{"price": by_use.id}], "default_payment_method": card.id}
        )
        use(local_stripe, customer, 1000)
        local_stripe.control("clock", advance=DAY)
        settle()
        sync_now()
        return Subscription.objects.get()

    def test_is_told_so_far_and_charged_on_the_day_of_the_end(
        self, customer_client: Client, customer: Customer, metered: Subscription, local_stripe: LocalStripe
    ) -> None:
        page = words(customer_client, metered)
        assert "On that day what you use until then is charged: $20.00 so far." in page
        assert "Nothing is refunded, and $20.00 is charged now for use not billed yet." in page
        assert "changes" not in page
        cancel.cancel(subscription=metered)
        use(local_stripe, customer, 500)
        local_stripe.control("clock", advance=40 * DAY)
        newest = local_stripe.api.invoices.list({"subscription": metered.pk}).data[0]
        assert newest.amount_paid == 3000
        assert local_stripe.api.subscriptions.retrieve(metered.pk).status == "canceled"

    def test_is_charged_now_by_an_end_now(self, metered: Subscription, local_stripe: LocalStripe) -> None:
        cancel.cancel_now(subscription=metered)
        assert local_stripe.api.invoices.list({"subscription": metered.pk}).data[0].amount_paid == 2000


def use(local_stripe: LocalStripe, customer: Customer, times: int) -> None:
    payload = {"stripe_customer_id": customer.pk, "value": str(times)}
    local_stripe.api.billing.meter_events.create({"event_name": "calls", "payload": payload})

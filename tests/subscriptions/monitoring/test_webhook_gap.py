"""A month without a webhook or a sync: Stripe tells of none of its events any more, and all is found nonetheless."""

import pytest
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import CheckoutSession, Invoice, Payment, Refund, Subscription, SubscriptionSchedule
from subscriptions.payments import duplicates
from subscriptions.plans import change
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db

DAY = 86_400


def invoices_at_stripe(local_stripe: LocalStripe) -> dict[str, tuple[str | None, int]]:
    return {str(invoice.id): (invoice.status, invoice.total) for invoice in local_stripe.api.invoices.list().data}


def invoices_here() -> dict[str, tuple[str, int]]:
    return {invoice.pk: (invoice.status, invoice.total) for invoice in Invoice.objects.all()}


class TestFirstSync:
    def test_brings_invoices_and_refunds(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        [first] = local_stripe.api.invoices.list({"expand": ["data.payments"]}).data
        assert first.payments is not None
        intent = str(first.payments.data[0].payment.payment_intent)
        local_stripe.api.refunds.create({"payment_intent": intent, "amount": 500})
        sync_now()
        assert invoices_here() == invoices_at_stripe(local_stripe)
        refund = Refund.objects.get()
        assert (refund.amount, refund.invoice_id, refund.customer_id) == (500, first.id, first.customer)


class TestAfterSeventyDays:
    def test_invoices_are_here(self, new_subscription: Subscription, local_stripe: LocalStripe) -> None:
        local_stripe.control("clock", advance=70 * DAY)
        sync_now()
        assert len(invoices_here()) == 3
        assert invoices_here() == invoices_at_stripe(local_stripe)

    def test_a_change_that_took_effect_no_longer_waits(
        self, new_subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        change.schedule_change(subscription=new_subscription, price=basic, quantity=1)
        assert SubscriptionSchedule.objects.get().has_pending_change
        local_stripe.control("clock", advance=45 * DAY)
        sync_now()
        after = Subscription.objects.select_related("schedule").get()
        assert (after.price_id, after.pending_change) == (basic.pk, None)

    def test_a_change_scheduled_in_the_dashboard_waits(
        self, new_subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=40 * DAY)
        made = local_stripe.api.subscription_schedules.create({"from_subscription": new_subscription.pk})
        now = made.phases[0]
        local_stripe.api.subscription_schedules.update(
            made.id,
            {
                "phases": [
                    {
                        "items": [{"price": str(new_subscription.price_id)}],
                        "start_date": now.start_date,
                        "end_date": now.end_date,
                    },
                    {"items": [{"price": basic.pk}], "duration": {"interval": "month"}},
                ]
            },
        )
        sync_now(full=True)
        pending = Subscription.objects.select_related("schedule").get().pending_change
        assert pending is not None
        assert pending.next_price_id == basic.pk

    def test_a_refund_of_that_time_ends_what_it_paid_for(
        self, customer_client: Client, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        terms = PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
        once = catalog.create_product(name="Handbook", price=terms, request_id="handbook").price
        customer_client.post(f"/buy/{once.pk}/")
        local_stripe.pay(CheckoutSession.objects.get(price=once).stripe_id)
        sync_now()
        assert Payment.objects.get().gives_access
        local_stripe.control("clock", advance=10 * DAY)
        local_stripe.api.refunds.create({"payment_intent": Payment.objects.get().payment_intent_id})
        local_stripe.control("clock", advance=60 * DAY)
        sync_now()
        assert not Payment.objects.get().gives_access


class TestTwicePaid:
    def test_refunds_invoices_that_are_not_here_yet(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        Invoice.objects.all().delete()
        duplicates.cancel_and_refund(new_subscription)
        assert [refund.amount for refund in local_stripe.api.refunds.list().data] == [1900]

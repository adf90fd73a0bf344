"""Invoices that several payments have paid, in part or outside Stripe; and refunds that come before their invoice."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from subscriptions.models import CheckoutSession, Customer, Invoice, Payment, Refund, Subscription
from subscriptions.payments import duplicates, received
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions import reading
from tests.subscriptions.conftest import Meanwhile, buy, charge_in_dashboard, settle, sync_now
from tests.subscriptions.payments.test_refunds import give_back, refund_page
from tests.subscriptions.rows import LONG_AGO, bill

pytestmark = pytest.mark.django_db


@pytest.fixture
def big(customer: Customer, local_stripe: LocalStripe) -> Invoice:
    """An invoice of 100.00 USD, paid by 40.00, an hour later 35.00, and another hour later 25.00."""
    api = local_stripe.api
    api.invoice_items.create({"customer": customer.pk, "amount": 10_000, "currency": "usd"})
    draft = api.invoices.create({"customer": customer.pk, "pending_invoice_items_behavior": "include"})
    api.invoices.finalize_invoice(draft.id)
    for amount in (4000, 3500, 2500):
        api.invoices.attach_payment(
            draft.id, {"payment_intent": charge_in_dashboard(local_stripe, customer.pk, amount)}
        )
        local_stripe.control("clock", advance=3600)
    settle()
    local_stripe.forget_calls()
    return Invoice.objects.get(pk=draft.id)


def refunds_at_stripe(local_stripe: LocalStripe) -> list[int]:
    """Amounts of all refunds, oldest first."""
    return [refund.amount for refund in reversed(local_stripe.api.refunds.list({"limit": 100}).data)]


class TestSplit:
    def test_is_of_the_newest_payment_first(
        self, admin_client: Client, big: Invoice, local_stripe: LocalStripe
    ) -> None:
        assert (big.status, big.amount_paid) == ("paid", 10_000)
        assert give_back(admin_client, big, "30.00").status_code == 302
        assert refunds_at_stripe(local_stripe) == [2500, 500]
        rows = Refund.objects.values_list("amount", "invoice_id", "customer_id")
        assert set(rows) == {(2500, big.pk, big.customer_id), (500, big.pk, big.customer_id)}

    def test_is_told_before_and_after(self, admin_client: Client, big: Invoice) -> None:
        page = admin_client.get(refund_page(big)).content.decode()
        assert "$25.00 of $25.00, $35.00 of $35.00, $40.00 of $40.00 can be refunded, the newest first" in page
        assert "At most $100.00. It is taken from the newest payment first." in page
        give_back(admin_client, big, "30.00")
        assert "Refunded $30.00 ($25.00 and $5.00, of 2 payments)." in LogEntry.objects.get().change_message
        page = admin_client.get(refund_page(big)).content.decode()
        assert "$0.00 of $25.00, $30.00 of $35.00, $40.00 of $40.00 can be refunded" in page
        assert "At most $70.00." in page

    def test_of_more_than_is_left(self, admin_client: Client, big: Invoice, local_stripe: LocalStripe) -> None:
        assert b"at most $100.00" in give_back(admin_client, big, "100.01").content
        assert (refunds_at_stripe(local_stripe), Refund.objects.count()) == ([], 0)

    def test_of_the_same_form_is_made_once(
        self, admin_client: Client, big: Invoice, local_stripe: LocalStripe
    ) -> None:
        form = {"amount": "30.00", "reason": "", "request_id": "abc"}
        for _ in range(2):
            assert admin_client.post(refund_page(big), form).status_code == 302
        assert refunds_at_stripe(local_stripe) == [2500, 500]

    def test_that_stopped_midway_goes_on_where_it_stopped(
        self, admin_client: Client, big: Invoice, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        form = {"amount": "30.00", "reason": "", "request_id": "abc"}
        busy = {"status": 429, "count": 20, "path": "/v1/refunds"}
        meanwhile.after("POST /v1/refunds", lambda: local_stripe.control("faults", **busy))
        page = reading.words(admin_client.post(refund_page(big), form).content.decode())
        assert "Only $25.00 was refunded. Send the form again to refund the rest." in page
        local_stripe.control("faults", count=0)
        assert admin_client.post(refund_page(big), form).status_code == 302
        assert refunds_at_stripe(local_stripe) == [2500, 500]


class TestPaidOutside:
    def test_is_not_refunded_here(self, admin_client: Client, customer: Customer, local_stripe: LocalStripe) -> None:
        api = local_stripe.api
        api.invoice_items.create({"customer": customer.pk, "amount": 10_000, "currency": "usd"})
        draft = api.invoices.create({"customer": customer.pk, "pending_invoice_items_behavior": "include"})
        api.invoices.finalize_invoice(draft.id)
        api.invoices.pay(draft.id, {"paid_out_of_band": True})
        settle()
        invoice = Invoice.objects.get()
        assert received.for_invoice(invoice).left == 0
        page = admin_client.get(refund_page(invoice), follow=True).content.decode()
        assert "left to refund" in page
        assert refunds_at_stripe(local_stripe) == []


class TestOffer:
    def test_is_made_of_what_was_paid(self, admin_client: Client, customer: Customer) -> None:
        for pk, columns in {"in_1": {}, "in_2": {"status": "paid", "total": 0, "amount_remaining": 0}}.items():
            invoice = bill(customer, pk, **columns)
            page = admin_client.get(refund_page(invoice).replace("refund/", "change/")).content.decode()
            assert refund_page(invoice) not in page

    def test_says_what_becomes_of_access(self, admin_client: Client, paid_handbook: Payment) -> None:
        said = "A refund in full ends the access that this purchase gives; a refund in part does not."
        assert said in admin_client.get(refund_page(paid_handbook)).content.decode()
        Payment.objects.update(access_ended_at=LONG_AGO)
        assert "has ended already" in admin_client.get(refund_page(paid_handbook)).content.decode()

    def test_says_that_a_subscription_goes_on(self, admin_client: Client, new_subscription: Subscription) -> None:
        page = admin_client.get(refund_page(Invoice.objects.get())).content.decode()
        assert "The subscription and its access go on, also after a refund in full." in page


class TestCancelAndRefund:
    def test_refunds_every_payment(self, new_subscription: Subscription, local_stripe: LocalStripe) -> None:
        customer, api = new_subscription.customer, local_stripe.api
        assert customer is not None
        owned = {"customer": customer.pk, "subscription": new_subscription.pk}
        api.invoice_items.create({**owned, "amount": 600, "currency": "usd"})
        extra = api.invoices.create({**owned, "pending_invoice_items_behavior": "include"})
        api.invoices.finalize_invoice(extra.id)
        for amount in (400, 200):
            api.invoices.attach_payment(
                extra.id, {"payment_intent": charge_in_dashboard(local_stripe, customer.pk, amount)}
            )
        made = duplicates.cancel_and_refund(new_subscription)
        assert sorted(refund.amount for refund in made) == [200, 400, 1900]
        assert sorted(refunds_at_stripe(local_stripe)) == [200, 400, 1900]
        assert duplicates.cancel_and_refund(Subscription.objects.get()) == []


class TestThatComesFirst:
    def test_finds_its_customer_when_the_invoice_comes(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        (paid,) = local_stripe.events("invoice.paid")
        payments = local_stripe.api.invoice_payments.list({"invoice": paid["data"]["object"]["id"]}).data
        local_stripe.api.refunds.create({"payment_intent": str(payments[0].payment.payment_intent), "amount": 100})
        deliver(client, local_stripe.events("refund.created")[-1])
        refund = Refund.objects.get()
        assert (refund.invoice_id, refund.customer_id) == (paid["data"]["object"]["id"], None)
        assert deliver(client, paid).status_code == 200
        refund.refresh_from_db()
        assert (refund.invoice_id, refund.customer_id) == (Invoice.objects.get().pk, paid_session.customer_id)

    def test_ends_its_purchase_when_that_comes(
        self, client: Client, customer: Customer, one_time_price: Any, person: Any, local_stripe: LocalStripe
    ) -> None:
        started = buy(person, one_time_price)
        assert started.session is not None
        session = local_stripe.pay(started.session.stripe_id)
        local_stripe.api.refunds.create({"payment_intent": session["payment_intent"]})
        deliver(client, local_stripe.events("refund.created")[-1])
        assert (Payment.objects.count(), Refund.objects.get().customer_id) == (0, None)
        deliver(client, local_stripe.events("payment_intent.succeeded")[-1])
        payment = Payment.objects.get()
        assert (payment.gives_access, Refund.objects.get().customer_id) == (False, customer.pk)
        sync_now()
        assert not Payment.objects.get().gives_access

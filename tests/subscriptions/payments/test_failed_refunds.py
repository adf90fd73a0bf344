"""Refunds that come to nothing, that nothing here was bought by, and free orders that have nothing to give back."""

from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.models import CheckoutSession, Customer, Payment, Refund
from subscriptions.payments import duplicates, refunds
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import sync_now
from tests.subscriptions.rows import LONG_AGO, MAY, subscribe

pytestmark = pytest.mark.django_db

DAY = 86_400
INVOICE_PAYMENTS = "GET /v1/invoice_payments"


@pytest.fixture
def free_order(customer: Customer, one_time_price: Price) -> Payment:
    """A Handbook that cost nothing."""
    return Payment.objects.create(
        customer=customer, product=one_time_price.product, price=one_time_price, amount=0, currency="usd",
        status="succeeded", stripe_created_at=MAY,
    )  # fmt: skip


def told(client: Client, local_stripe: LocalStripe, kind: str, *, after: int = 60, **changes: Any) -> None:
    """Deliver the latest refund as Stripe would tell of it with these changes, `after` seconds later."""
    event = deepcopy(local_stripe.events("refund.created")[-1])
    event |= {"id": f"evt_{kind}", "type": kind, "created": event["created"] + after}
    event["data"]["object"] |= changes
    assert deliver(client, event).status_code == 200


class TestThatFailsLater:
    def test_gives_access_back(self, client: Client, paid_handbook: Payment, local_stripe: LocalStripe) -> None:
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        told(client, local_stripe, "refund.created", after=0)
        paid_handbook.refresh_from_db()
        assert not paid_handbook.gives_access
        told(client, local_stripe, "refund.failed", status="failed")
        paid_handbook.refresh_from_db()
        assert (paid_handbook.gives_access, Refund.objects.get().status) == (True, "failed")

    def test_leaves_a_purchase_ended_that_was_ended_otherwise(
        self, client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        Payment.objects.update(access_ended_at=LONG_AGO)
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id, "amount": 100})
        told(client, local_stripe, "refund.failed", status="failed")
        paid_handbook.refresh_from_db()
        assert paid_handbook.access_ended_at == LONG_AGO


class TestWithoutPaymentIntent:
    def test_ends_nobodys_free_order(
        self, client: Client, paid_handbook: Payment, free_order: Payment, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        local_stripe.forget_calls()
        told(client, local_stripe, "refund.created", id="re_of_a_charge", payment_intent=None)
        free_order.refresh_from_db()
        assert (free_order.gives_access, Refund.objects.get().customer_id) == (True, None)
        assert local_stripe.calls == []


class TestFullSync:
    @pytest.fixture
    def refund(self, paid_handbook: Payment, local_stripe: LocalStripe) -> Refund:
        """The Handbook's refund in full, made in the dashboard, whose event was missed."""
        made = local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        sync_now(full=True)
        return Refund.objects.get(pk=made.id)

    def test_settles_one_whose_writer_was_killed_one_step_later(self, refund: Refund) -> None:
        Refund.objects.update(customer=None)
        Payment.objects.update(access_ended_at=None)
        run, _ = sync_now(full=True)
        assert (run.failed_objects, run.drift) == (0, 0)
        assert not Payment.objects.get().gives_access
        refund.refresh_from_db()
        assert refund.customer_id == Payment.objects.get().customer_id

    def test_gives_back_the_access_when_the_writer_of_a_failure_was_killed(
        self, refund: Refund, local_stripe: LocalStripe
    ) -> None:
        account = local_stripe.sandbox.account
        with account.transaction():
            account.store.put({**(account.store.get("refund", refund.pk) or {}), "status": "failed"})
        sync_now(full=True)
        Payment.objects.update(access_ended_at=refund.stripe_created_at)
        sync_now(full=True)
        assert Payment.objects.get().gives_access

    def test_settles_an_old_one_when_its_purchase_comes_after_it(
        self, refund: Refund, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=3 * DAY)
        sync_now(full=True)
        stripe_clock.forget()
        Refund.objects.update(customer=None)
        Payment.objects.update(access_ended_at=None)
        sync_now(full=True)
        assert not Payment.objects.get().gives_access

    def test_does_not_ask_for_ever_about_one_that_nothing_was_bought_by(
        self, refund: Refund, local_stripe: LocalStripe
    ) -> None:
        account = local_stripe.sandbox.account
        with account.transaction():
            account.store.purge("checkout.session", str(CheckoutSession.objects.get().stripe_id))
        Payment.objects.all().delete()
        Refund.objects.update(customer=None)
        local_stripe.control("clock", advance=3 * DAY)
        local_stripe.forget_calls()
        sync_now(full=True)
        assert INVOICE_PAYMENTS in local_stripe.calls
        local_stripe.forget_calls()
        stripe_clock.forget()
        sync_now(full=True)
        assert "GET /v1/refunds" in local_stripe.calls
        assert INVOICE_PAYMENTS not in local_stripe.calls


class TestFreeOrder:
    def test_taken_twice_just_ends(
        self, paid_handbook: Payment, free_order: Payment, local_stripe: LocalStripe
    ) -> None:
        assert duplicates.newer_payments() == [free_order]
        duplicates.refund_duplicate(free_order)
        free_order.refresh_from_db()
        assert (free_order.gives_access, duplicates.newer_payments()) == (False, [])
        assert local_stripe.api.refunds.list().data == []

    def test_can_not_be_refunded(self, free_order: Payment) -> None:
        with pytest.raises(refunds.CannotRefund):
            refunds.refund_payment(payment=free_order, amount=1, reason="", request_id="r")


class TestTwicePaid:
    @pytest.mark.parametrize("status", ["incomplete", "unpaid", "paused"])
    def test_is_not_what_stands_beside_one_that_nobody_pays(
        self, customer: Customer, price: Price, status: str
    ) -> None:
        subscribe(customer, price, pk="sub_old", status=status, stripe_created_at=LONG_AGO)
        subscribe(customer, price, pk="sub_new", stripe_created_at=MAY)
        assert duplicates.newer_subscriptions() == []

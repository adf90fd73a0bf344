"""Refunds that come to nothing, that nothing here was bought by, and free orders that have nothing to give back."""

from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Payment, Refund
from subscriptions.payments import duplicates, refunds
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.rows import LONG_AGO, MAY, subscribe

pytestmark = pytest.mark.django_db


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

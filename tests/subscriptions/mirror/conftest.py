"""A Stripe that sends bad objects, and one that holds an object of each kind."""

from typing import Any

import pytest

from billing import gateway
from subscriptions.models import CheckoutSession, SyncRun, SyncState
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import sync_now
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.mirror.bad_objects import READ_AGAIN


@pytest.fixture
def altering(local_stripe: LocalStripe) -> AlteringClient:
    client = AlteringClient(local_stripe)
    gateway.use_transport(client)
    return client


@pytest.fixture
def everything(paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[type[Any], int]:
    """One object of each kind that a full reconcile reads, or more, and none of them here: how many at Stripe."""
    api = local_stripe.api
    api.products.create({"name": "Another"})
    coupon = api.coupons.create({"percent_off": 10, "duration": "once"})
    api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    subscription = api.subscriptions.list().data[0]
    api.subscription_schedules.create({"from_subscription": subscription.id})
    invoice: Any = api.invoices.list({"expand": ["data.payments"]}).data[0]
    intent = invoice.payments.data[0].payment.payment_intent
    for amount in (100, 200):
        api.refunds.create({"payment_intent": intent, "amount": amount})
    # Of somebody else, so that it needs none of the objects above.
    automatic: Any = {"enabled": True, "allow_redirects": "never"}
    paid: Any = {"amount": 900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    other = api.payment_intents.create({**paid, "automatic_payment_methods": automatic})
    local_stripe.control("disputes", payment_intent=other.id)
    sync_now()
    counts = {model: model._default_manager.count() for model in READ_AGAIN}
    assert all(counts.values())
    for model in READ_AGAIN:
        model._default_manager.all().delete()
    # As if it were the first sync of all, which reads no events.
    SyncState.objects.all().delete()
    SyncRun.objects.all().delete()
    return counts

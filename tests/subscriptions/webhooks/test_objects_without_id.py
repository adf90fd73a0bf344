"""Events about objects without an id, such as an invoice that is only announced: they change and fail nothing."""

from typing import Any

import pytest
from django.test import Client

from subscriptions.models import Invoice, Subscription, WebhookEvent
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["invoice.upcoming", "balance.available"])
def test_are_ignored(client: Client, new_subscription: Subscription, local_stripe: LocalStripe, kind: str) -> None:
    event: dict[str, Any] = local_stripe.events("invoice.paid")[-1]
    obj = {name: value for name, value in event["data"]["object"].items() if name != "id"}
    before = list(Invoice.objects.values())
    local_stripe.forget_calls()
    event |= {"id": "evt_announced", "type": kind, "data": {"object": {**obj, "status": "draft"}}}
    assert deliver(client, event).status_code == 200
    assert WebhookEvent.objects.get(pk="evt_announced").state == "ignored"
    assert (list(Invoice.objects.values()), local_stripe.calls) == (before, [])
    run, _ = sync_now()
    assert (run.is_complete, WebhookEvent.objects.filter(state="failed").count()) == (True, 0)

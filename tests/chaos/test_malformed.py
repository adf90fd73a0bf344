"""A malformed body at the webhook, signed or not, is refused or stored as failed, and no mirrored row changes.

`--fuzz-cases N` says how many are sent.
"""

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from billing.mirror import registry
from subscriptions.models import WebhookEvent
from subscriptions.webhooks.handlers import HANDLERS
from tests.chaos.malformed import NEEDED, Generator
from tests.fixtures import WEBHOOK_PATH, LocalStripe, sign

MIRRORED = [kind.model for kind in registry.all_kinds()]
LOOKED_AT_EVERY = 25


@pytest.fixture
def events(local_stripe: LocalStripe) -> list[dict[str, Any]]:
    """One genuine event about each kind of object; our site knows none of them."""
    api = local_stripe.api
    product = api.products.create({"name": "Pro"})
    price = api.prices.create(
        {"product": product.id, "unit_amount": 1900, "currency": "usd", "recurring": {"interval": "month"}}
    )
    once = api.prices.create({"product": product.id, "unit_amount": 500, "currency": "usd"})
    coupon = api.coupons.create({"percent_off": 10, "duration": "once"})
    api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    customer = api.customers.create({"email": "ada@example.com", "name": "Ada", "metadata": {"a": "b"}})
    ours = {
        "standing_order_claim": str(uuid4()),
        "standing_order_price": once.id,
        "standing_order_product": product.id,
        "standing_order_quantity": "1",
    }
    for mode, bought in (("subscription", price), ("payment", once)):
        session = api.checkout.sessions.create(
            {
                "mode": mode,
                "customer": customer.id,
                "line_items": [{"price": bought.id, "quantity": 1}],
                "metadata": ours,
                "success_url": "https://shop.example.com/",
                **({"payment_intent_data": {"metadata": ours}} if mode == "payment" else {}),
            }  # type: ignore[arg-type]
        )
        paid = local_stripe.pay(session.id)
    api.refunds.create({"payment_intent": paid["payment_intent"], "amount": 100})
    local_stripe.control("disputes", payment_intent=paid["payment_intent"])
    subscription = api.subscriptions.list().data[0]
    schedule = api.subscription_schedules.create({"from_subscription": subscription.id})
    api.subscription_schedules.update(schedule.id, {"metadata": {"a": "b"}})
    found = {event["data"]["object"]["object"]: event for event in local_stripe.events() if _is_heard(event)}
    assert found.keys() == NEEDED.keys()
    return list(found.values())


def _is_heard(event: dict[str, Any]) -> bool:
    return event["type"] in HANDLERS


@pytest.mark.django_db
def test_a_malformed_body_changes_nothing(
    client: Client, events: list[dict[str, Any]], request: pytest.FixtureRequest, chaos_seed: int
) -> None:
    client.raise_request_exception = False
    generator, answers = Generator(events, chaos_seed), Counter[int]()
    for number in range(request.config.getoption("--fuzz-cases")):
        made, body = generator.next()
        is_signed = number % 5 != 0
        headers = {"Stripe-Signature": _signature(body, is_signed=is_signed)}
        response = client.post(WEBHOOK_PATH, data=body, content_type="application/json", headers=headers)
        answers[response.status_code] += 1
        case = f"seed {chaos_seed}, case {number}: {made}, signed: {is_signed}\n{body[:2000]!r}\n{response.content!r}"
        is_failed = is_signed and response.status_code == 200 and response.json() == {"state": "failed"}
        assert is_failed or response.status_code == 400, case
        if number % LOOKED_AT_EVERY == 0:
            assert not any(model._default_manager.exists() for model in MIRRORED), case
    assert not any(model._default_manager.exists() for model in MIRRORED)
    assert WebhookEvent.objects.filter(state="failed").exclude(error="").count() == answers[200]
    assert WebhookEvent.objects.count() == answers[200]


def _signature(body: bytes, *, is_signed: bool) -> str:
    try:
        return sign(body.decode()) if is_signed else "t=1,v1=0"
    except UnicodeDecodeError:
        return "t=1,v1=0"

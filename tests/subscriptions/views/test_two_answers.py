"""A form that gives one field twice says two things: nothing is done."""

from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Subscription
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("whens", [["period_end", "now"], ["now", "period_end"], ["now", "now"]])
@pytest.mark.parametrize("page", ["cancel", "change"])
def test_when_a_subscription_ends_or_changes(
    customer_client: Client, subscription: Subscription, local_stripe: LocalStripe, page: str, whens: list[str]
) -> None:
    last = f"{subscription.price_id}/" if page == "change" else ""
    answer = customer_client.post(f"/subscriptions/{subscription.pk}/{page}/{last}", {"when": whens})
    refused(answer, local_stripe)
    assert Subscription.objects.get().version == subscription.version


def test_how_many_are_bought(customer_client: Client, price: Price, local_stripe: LocalStripe) -> None:
    refused(customer_client.post(f"/buy/{price.pk}/", {"quantity": ["1", "50"]}), local_stripe)


def refused(answer: Any, local_stripe: LocalStripe) -> None:
    assert answer.status_code == 400
    assert "two answers to one question" in answer.content.decode()
    assert local_stripe.calls == []

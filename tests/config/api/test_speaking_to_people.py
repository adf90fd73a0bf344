"""Refusals say "You have" to people who act for themselves, and "This person has" to staff who act for others."""

from typing import Any

import pytest

from billing.models import Price
from subscriptions.models import Customer
from tests.config.api.conftest import Program, refused
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db


def cases(price: Price) -> list[tuple[str, dict[str, Any], str]]:
    return [
        ("session", {"price_id": price.pk}, "{} this product already. Nothing was charged."),
        ("cancel", {"subscription_id": "sub_9"}, "{} no such subscription: sub_9."),
        ("cancel", {"price_id": "price_9"}, "{} no such subscription or purchase."),
        ("updatesub", {"price_id": price.pk, "subscription_id": "sub_9"}, "{} no such subscription: sub_9."),
    ]


def told(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def test_of_what_they_have(ada: Program, backend: Program, customer: Customer, price: Price, team: Price) -> None:
    subscribe(customer, price)
    for path, fields, message in cases(price):
        assert told(ada.post(path, **fields)) == message.format("You have")
        assert told(ada.post(path, **fields, user_name="ada")) == message.format("You have")
        assert told(backend.post(path, **fields, user_name="ada")) == message.format("This person has")
    subscribe(customer, team, pk="sub_2")
    several = "{} several subscriptions: sub_1, sub_2. Choose one by subscription_id."
    other = Price.objects.create(pk="price_3", product=team.product, unit_amount=1, currency="usd", interval="year")
    subscribe(customer, team, pk="sub_3")
    asked = {"price_id": team.pk}
    answer = ada.post("cancel", **asked)
    assert told(answer) == several.format("You have").replace("sub_1, sub_2", "sub_2, sub_3")
    assert told(backend.post("cancel", **asked, user_name="ada")).startswith("This person has several")
    refused(ada.post("updatesub", price_id=other.pk), 409, "ambiguous_subscription")


def test_of_somebody_without_a_subscription(ada: Program, backend: Program, customer: Customer, price: Price) -> None:
    assert told(ada.post("updatesub", price_id=price.pk)) == "You have no running subscription."
    answer = backend.post("updatesub", price_id=price.pk, user_name="ada")
    assert told(answer) == "This person has no running subscription."

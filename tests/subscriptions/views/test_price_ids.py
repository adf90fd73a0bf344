"""Prices whose ids no newer account would give: made years ago as plans, or by other programs."""

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db

ODD_IDS = [
    *("Gold/month", "undo", "change", "gold $5 plan", "a//b", "/start", "end/"),
    *("..", "../../admin", "50%25", "~b", "a?b#c&d"),
]


@pytest.fixture(params=ODD_IDS)
def odd(request: pytest.FixtureRequest, price: Price) -> Price:
    """A second price of Pro, under an id of another shape."""
    price.pk, price.unit_amount = request.param, 2900
    price.save(force_insert=True)
    return price


def addresses(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'(?:action|href)="([^"]*)"', page)]


class TestPriceIds:
    def test_are_sold_under_any_id(self, client: Client, odd: Price) -> None:
        page = client.get("/")
        assert page.status_code == 200
        (address,) = [
            found for found in addresses(page.content.decode()) if "/buy/" in found and "price_" not in found
        ]
        match = client.post(address).resolver_match
        assert (match.url_name, match.kwargs) == ("buy", {"price_id": odd.pk})

    def test_are_changed_to_under_any_id(
        self, customer_client: Client, customer: Customer, person: User, odd: Price
    ) -> None:
        subscribe(customer, Price.objects.exclude(pk=odd.pk).get())
        page = customer_client.get("/").content.decode()
        (address,) = [found for found in addresses(page) if "/change/" in found]
        match = customer_client.get(address).resolver_match
        assert (match.url_name, match.kwargs["price_id"]) == ("change", odd.pk)

    def test_stand_in_paths_as_they_are_where_they_can(self, client: Client, price: Price) -> None:
        match = client.post("/buy/Gold%2Fmonth/").resolver_match
        assert match.kwargs == {"price_id": "Gold/month"}
        assert client.post("/buy/Gold/month/").resolver_match.kwargs == {"price_id": "Gold/month"}

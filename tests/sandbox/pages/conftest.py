"""Fixtures of the page tests: a sandbox with a fixed clock, the SDK, a browser without JavaScript."""

import pytest
from werkzeug.test import Client

from sandbox.app import Sandbox

NOW = 1_800_000_000  # Friday, 15 January 2027, 08:00 UTC


@pytest.fixture
def posted():
    """The webhook requests that were sent, as (url, body, headers)."""
    return []


@pytest.fixture
def sandbox(posted):
    def deliver(url, body, headers):
        posted.append((url, body, headers))
        return 200

    return Sandbox(real_time=lambda: NOW, deliver=deliver)


@pytest.fixture
def browser(sandbox):
    return Client(sandbox)


@pytest.fixture
def make_price(api):
    def make(amount=1900, currency="usd", *, name="Pro", **members):
        product = api.products.create({"name": name})
        return api.prices.create({"product": product.id, "currency": currency, "unit_amount": amount, **members}).id

    return make


@pytest.fixture
def open_session(api, make_price):
    """Create a checkout session for a monthly price, or for the given prices and options."""

    def make(*prices, mode="subscription", quantity=1, **choices):
        prices = prices or (make_price(recurring={"interval": "month"}),)
        return api.checkout.sessions.create(
            {
                "mode": mode,
                "line_items": [{"price": each, "quantity": quantity} for each in prices],
                "success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "https://shop.example/plans",
                **choices,
            }
        )

    return make

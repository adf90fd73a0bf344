"""Rows as the mirror would have them, for pages that only read."""

import pytest

from billing.models import Price
from subscriptions.models import Customer, Subscription
from tests.subscriptions.rows import subscribe


@pytest.fixture
def subscription_row(customer: Customer, price: Price) -> Subscription:
    """Ada's subscription to Pro in our database alone: Stripe does not know it."""
    return subscribe(customer, price)

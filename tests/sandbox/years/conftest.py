"""A shop that keeps all its events, to walk through a year of the clock with."""

import json
from collections import Counter

import pytest

from sandbox.app import Sandbox
from tests.sandbox.shop import NOW, Shop


@pytest.fixture
def told():
    """All events, oldest first: the sandbox itself drops them after 30 days."""
    return []


@pytest.fixture
def shop(told):
    def tell(_url, body, _headers):
        told.append(json.loads(body))
        return 200

    shop = Shop(Sandbox(webhooks={"https://shop.example/hook": "whsec_year"}, deliver=tell, real_time=lambda: NOW))
    yield shop
    assert shop.sandbox.violations == []


@pytest.fixture
def counted(told):
    """Count the events by type; `beginnings` leaves others out."""

    def count(*beginnings):
        return Counter(event["type"] for event in told if event["type"].startswith(beginnings or ("",)))

    return count

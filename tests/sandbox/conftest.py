"""A sandbox whose clock stands still, and the real SDK in front of it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from werkzeug.test import Client

from sandbox.app import Sandbox
from sandbox.transport import InProcessClient

NOW = 1_800_000_000  # 15 January 2027


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(real_time=lambda: NOW)
    yield sandbox
    assert sandbox.violations == []


@pytest.fixture
def api(sandbox: Sandbox) -> Any:
    return stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox)).v1


@pytest.fixture
def control(sandbox: Sandbox) -> Callable[..., Any]:
    """Use one of the controls with a JSON body; returns its JSON."""

    def use(path: str, /, **body: Any) -> Any:
        return Client(sandbox).post(f"/_sandbox/{path}", json=body).get_json()

    return use


@pytest.fixture
def product(api: Any) -> Any:
    return api.products.create({"name": "Pro"})


@pytest.fixture
def price(api: Any, product: Any) -> Any:
    """19.00 USD a month."""
    return api.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
    )


@pytest.fixture
def event_types(api: Any) -> Callable[[], list[str]]:
    """Return the types of all events so far, oldest first."""
    return lambda: [event.type for event in api.events.list({"limit": 100}).auto_paging_iter()][::-1]

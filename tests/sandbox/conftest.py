"""Fixtures: a sandbox whose clock stands still, the real SDK as its client, and objects in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from werkzeug.test import Client

from sandbox.app import Sandbox
from sandbox.transport import InProcessClient
from tests.sandbox.shop import Shop, at

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
    """Call a control with a JSON body; return its answer."""

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


@pytest.fixture
def shop():
    """A shop with its own sandbox, whose clock stands still; the test fails on violations of Stripe's types."""
    shop = Shop()
    yield shop
    assert shop.sandbox.violations == []


@pytest.fixture
def customer(shop):
    """A customer with a default payment method."""
    customer = shop.customer()
    method = shop.api.payment_methods.attach("pm_card_visa", {"customer": customer})
    shop.api.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    return customer


@pytest.fixture
def create(shop, customer):
    """Create a subscription by the API."""

    def make(*prices, **choices):
        items = [{"price": price} for price in prices or (shop.price(),)]
        return shop.api.subscriptions.create({"customer": customer, "items": items, **choices})

    return make


@pytest.fixture
def begin(shop, create):
    """Subscribe at a time, and move to `after` seconds into the period."""

    def begin_at(start, *prices, after, mode=None, **choices):
        shop.move_to(at(start))
        subscription = create(*prices, billing_mode=mode or {"type": "flexible"}, **choices)
        shop.advance(seconds=after)
        return subscription

    return begin_at


@pytest.fixture
def preview(shop):
    """Preview a subscription's next invoice, after the change in `details` if there is one."""

    def show(subscription, /, *, expand=(), mode=None, **details):
        given = {"subscription": subscription.id, "expand": list(expand)}
        given |= {"subscription_details": details} if details else {}
        return shop.api.invoices.create_preview(given | ({"preview_mode": mode} if mode else {}))

    return show


@pytest.fixture
def scheduled(shop):
    """Let a schedule manage a subscription."""
    return lambda subscription: shop.api.subscription_schedules.create({"from_subscription": subscription.id})


@pytest.fixture
def plan(shop):
    """Give a schedule a second phase at the end of its first, at another price."""

    def give(schedule, price, *, behavior="none", **choices):
        first = schedule.phases[0]
        present = [{"price": item.price, "quantity": item.quantity} for item in first["items"]]
        phases = [
            {"items": present, "start_date": first.start_date, "end_date": first.end_date},
            {
                "items": [{"price": price, "quantity": 1}],
                "proration_behavior": behavior,
                "duration": {"interval": "month", "interval_count": 1},
            },
        ]
        given = {"end_behavior": "release", "proration_behavior": "none", "phases": phases, **choices}
        return shop.api.subscription_schedules.update(schedule.id, given)

    return give


@pytest.fixture
def coupon(shop):
    """Make a coupon: 50 % off once, or as `choices` say."""

    def make(**choices):
        amount = {} if "amount_off" in choices else {"percent_off": 50}
        return shop.api.coupons.create({**amount, **choices}).id

    return make


@pytest.fixture
def code(shop, coupon):
    """Make a promotion code SPRING for a new coupon; `limits` are the code's own."""

    def make(limits=None, **choices):
        promotion = {"type": "coupon", "coupon": coupon(**choices)}
        return shop.api.promotion_codes.create({"promotion": promotion, "code": "SPRING", **(limits or {})}).id

    return make

"""Fixtures of the sandbox tests: a sandbox with a fixed clock, called through the real SDK."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import stripe
from werkzeug.test import Client

from sandbox.app import Sandbox
from sandbox.transport import InProcessClient
from tests import controls
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
def http_client(sandbox: Sandbox) -> Client:
    """Plain HTTP, for requests that the SDK does not make."""
    return Client(sandbox)


@pytest.fixture
def control(sandbox: Sandbox) -> Callable[..., Any]:
    """Call one of the controls with a JSON body; returns its JSON."""
    return partial(controls.control, sandbox)


@pytest.fixture
def product(api: Any) -> Any:
    return api.products.create({"name": "Pro"})


@pytest.fixture
def price(api: Any, product: Any) -> Any:
    """A price of 19.00 USD a month."""
    return api.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
    )


@pytest.fixture
def event_types(api: Any) -> Callable[[], list[str]]:
    """Return the types of all events so far, oldest first."""
    return lambda: [event.type for event in api.events.list({"limit": 100}).auto_paging_iter()][::-1]


@pytest.fixture
def shop():
    """A shop with its own sandbox and a fixed clock; fails the test if an answer breaks Stripe's contract."""
    shop = Shop()
    yield shop
    assert shop.sandbox.violations == []


@pytest.fixture
def customer(shop):
    """A customer with a saved card as the default."""
    customer = shop.customer()
    method = shop.api.payment_methods.attach("pm_card_visa", {"customer": customer})
    shop.api.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    return customer


@pytest.fixture
def buyer(shop):
    """A customer without a card, who has not bought yet."""
    return shop.customer()


@pytest.fixture
def paid_subscription(shop, buyer):
    """The buyer's subscription, bought on the payment page: 19.00 USD a month, paid until 28 February 2027."""
    return shop.subscribed(customer=buyer)


@pytest.fixture
def create(shop, customer):
    """Create a subscription by API, without checkout."""

    def make(*prices, **choices):
        items = [{"price": price} for price in prices or (shop.price(),)]
        return shop.api.subscriptions.create({"customer": customer, "items": items, **choices})

    return make


@pytest.fixture
def metered(shop):
    """Create a metered monthly price of `Calls`: 0.5 cents each, or as `terms` say."""

    def make(formula="sum", **terms):
        aggregation = {"default_aggregation": {"formula": formula}}
        meter = shop.api.billing.meters.create({"display_name": "Calls", "event_name": "calls", **aggregation})
        terms = terms or {"unit_amount_decimal": "0.5"}
        recurring = {"interval": "month", "usage_type": "metered", "meter": meter.id}
        product = shop.api.products.create({"name": "Calls"}).id
        return shop.api.prices.create({"product": product, "currency": "usd", "recurring": recurring, **terms}).id

    return make


@pytest.fixture
def begin(shop, create):
    """Create a subscription at `start`, and move the clock `after` seconds into its period."""

    def begin_at(start, *prices, after, mode=None, **choices):
        shop.move_to(at(start))
        subscription = create(*prices, billing_mode=mode or {"type": "flexible"}, **choices)
        shop.advance(seconds=after)
        return subscription

    return begin_at


@pytest.fixture
def preview(shop):
    """Preview a subscription's next invoice; `details` is the change to preview."""

    def show(subscription, /, *, expand=(), mode=None, **details):
        given = {"subscription": subscription.id, "expand": list(expand)}
        given |= {"subscription_details": details} if details else {}
        return shop.api.invoices.create_preview(given | ({"preview_mode": mode} if mode else {}))

    return show


@pytest.fixture
def scheduled(shop):
    """Create a schedule from a subscription."""
    return lambda subscription: shop.api.subscription_schedules.create({"from_subscription": subscription.id})


@pytest.fixture
def plan(shop):
    """Add a second phase with another price to a schedule."""

    def give(schedule, price, *, behavior="none", anchor="automatic", **choices):
        first = schedule.phases[0]
        present = [{"price": item.price, "quantity": item.quantity} for item in first["items"]]
        phases = [
            {"items": present, "start_date": first.start_date, "end_date": first.end_date},
            {
                "items": [{"price": price, "quantity": 1}],
                "proration_behavior": behavior,
                "billing_cycle_anchor": anchor,
                "duration": {"interval": "month", "interval_count": 1},
            },
        ]
        given = {"end_behavior": "release", "proration_behavior": "none", "phases": phases, **choices}
        return shop.api.subscription_schedules.update(schedule.id, given)

    return give


@pytest.fixture
def coupon(shop):
    """Create a coupon; by default 50 % off, once."""

    def make(**choices):
        amount = {} if "amount_off" in choices else {"percent_off": 50}
        return shop.api.coupons.create({**amount, **choices}).id

    return make


@pytest.fixture
def code(shop, coupon):
    """Create the promotion code SPRING for a new coupon; `limits` are parameters of the code."""

    def make(limits=None, **choices):
        promotion = {"type": "coupon", "coupon": coupon(**choices)}
        return shop.api.promotion_codes.create({"promotion": promotion, "code": "SPRING", **(limits or {})}).id

    return make

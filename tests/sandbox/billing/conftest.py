import pytest

from tests.sandbox.billing.shop import Shop, at


@pytest.fixture
def shop():
    """A shop with a sandbox of its own, whose clock stands still; the sandbox has to keep to Stripe's contract."""
    shop = Shop()
    yield shop
    assert shop.sandbox.violations == []


@pytest.fixture
def customer(shop):
    """A customer whose card is on file."""
    customer = shop.customer()
    method = shop.api.payment_methods.attach("pm_card_visa", {"customer": customer})
    shop.api.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    return customer


@pytest.fixture
def create(shop, customer):
    """Create a subscription the way a dashboard does."""

    def make(*prices, **choices):
        items = [{"price": price} for price in prices or (shop.price(),)]
        return shop.api.subscriptions.create({"customer": customer, "items": items, **choices})

    return make


@pytest.fixture
def begin(shop, create):
    """Subscribe at a moment, and go on to when `after` seconds of the period are over."""

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
    """Make a coupon, 50 % off once unless told otherwise."""

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

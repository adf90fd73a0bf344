"""Checkout of prices with several currencies, tiers, packages and usage."""

import pytest

from tests.sandbox.shop import error_of

OPTIONS = {"eur": {"unit_amount": 1700}}


@pytest.fixture
def gift(shop):
    """Create a one-time price whose amount the buyer chooses."""

    def make(**bounds):
        product = shop.api.products.create({"name": "Gift"}).id
        custom = {"enabled": True, **bounds}
        return shop.api.prices.create({"product": product, "currency": "usd", "custom_unit_amount": custom}).id

    return make


class TestCurrency:
    def test_is_chosen_from_the_prices_and_kept_by_the_subscription(self, shop, buyer):
        session = shop.session(shop.price(currency_options=OPTIONS), customer=buyer, currency="eur")

        assert (session.currency, session.amount_total) == ("eur", 1700)
        subscription = shop.subscription(shop.pay(session).subscription)
        shop.advance(days=366)
        assert subscription.currency == "eur"
        assert [(each.currency, each.total) for each in shop.invoices(subscription)] == [("eur", 1700)] * 13

    def test_is_the_prices_own_unless_the_customer_has_another(self, shop, customer):
        price = shop.price(currency_options=OPTIONS)
        first = shop.api.subscriptions.create({"customer": customer, "items": [{"price": price}], "currency": "eur"})
        shop.api.subscriptions.cancel(first.id)

        assert shop.session(price).currency == "usd"
        assert shop.session(price, customer=customer).currency == "eur"

    def test_is_refused_if_a_price_does_not_have_it(self, shop):
        refused = error_of(shop.session, shop.price(), currency="eur")

        assert refused.param == "currency"
        assert refused.user_message == (
            "The price specified only supports `usd`. This doesn't match the expected currency: `eur`."
        )

    def test_of_a_one_time_payment(self, shop):
        price = shop.price(interval=None, currency_options=OPTIONS)

        paid = shop.pay(shop.session(price, mode="payment", currency="eur"))

        intent = shop.api.payment_intents.retrieve(paid.payment_intent)
        assert (intent.currency, intent.amount) == ("eur", 1700)


class TestKinds:
    def test_tiers_and_packages_are_added_up(self, shop, buyer):
        tiers = [{"up_to": 5, "unit_amount": 1000}, {"up_to": "inf", "unit_amount": 700}]
        product = shop.api.products.create({"name": "Seats"}).id
        terms = {"product": product, "currency": "usd", "recurring": {"interval": "month"}}
        tiered = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers}
        seats = shop.api.prices.create({**terms, **tiered}).id
        package = {"unit_amount": 500, "transform_quantity": {"divide_by": 10, "round": "up"}}
        storage = shop.api.prices.create({**terms, **package}).id
        lines = [{"price": seats, "quantity": 7}, {"price": storage, "quantity": 11}]

        session = shop.session(customer=buyer, line_items=lines)

        assert session.amount_total == 6400 + 1000
        subscription = shop.subscription(shop.pay(session).subscription)
        (invoice,) = shop.invoices(subscription)
        assert [line.amount for line in invoice.lines] == [5000, 1400, 1000]

    def test_usage_takes_no_quantity_and_is_billed_later(self, shop, buyer):
        given = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
        recurring = {"interval": "month", "usage_type": "metered", "meter": shop.api.billing.meters.create(given).id}
        price = shop.price(5, recurring=recurring)

        refused = error_of(shop.session, price)
        session = shop.session(customer=buyer, line_items=[{"price": price}])
        subscription = shop.subscription(shop.pay(session).subscription)
        payload = {"stripe_customer_id": buyer, "value": "100"}
        shop.api.billing.meter_events.create({"event_name": "calls", "payload": payload})
        shop.advance(days=29)

        assert refused.param == "line_items[0][quantity]"
        assert session.amount_total == 0
        assert [invoice.total for invoice in shop.invoices(subscription)] == [500]

    def test_the_buyer_chooses_an_amount(self, shop, gift):
        session = shop.session(gift(minimum=500), mode="payment", expand=["line_items"])
        item = session.line_items.data[0].id
        assert session.amount_total == 0

        unchosen = shop.refusal(session)
        too_little = shop.refusal(session, amounts={item: 499})
        paid = shop.pay(session, amounts={item: 1234})

        assert [(status, error["param"]) for status, error in (unchosen, too_little)] == [
            (400, f"amounts[{item}]")
        ] * 2
        assert (paid.amount_subtotal, paid.amount_total, paid.payment_status) == (1234, 1234, "paid")
        assert shop.api.payment_intents.retrieve(paid.payment_intent).amount_received == 1234

    def test_the_buyer_pays_the_suggested_amount(self, shop, gift):
        session = shop.session(gift(preset=2000), mode="payment", invoice_creation={"enabled": True})
        paid = shop.pay(session)
        assert (session.amount_total, paid.amount_total) == (2000, 2000)
        assert shop.api.invoices.retrieve(paid.invoice).total == 2000

    def test_an_amount_that_the_buyer_chooses_has_no_quantity_and_is_paid_once(self, shop, gift):
        price = gift()
        twice = error_of(shop.session, mode="payment", line_items=[{"price": price, "quantity": 2}])
        with_plan = [{"price": shop.price(), "quantity": 1}, {"price": price, "quantity": 1}]
        renewed = error_of(shop.session, mode="subscription", line_items=with_plan)
        assert (twice.param, renewed.param) == ("line_items[0][quantity]", "mode")

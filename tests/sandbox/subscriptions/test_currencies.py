"""The currency of a subscription, chosen from the currencies of its prices."""

import pytest

from tests.sandbox.shop import error_of

OPTIONS = {"eur": {"unit_amount": 1700}, "jpy": {"unit_amount": 3000}}


@pytest.fixture
def price(shop):
    """19.00 USD, 17.00 EUR or 3000 JPY a month."""
    return shop.price(currency_options=OPTIONS)


@pytest.fixture
def yen_only(shop):
    return shop.price(2000, currency="jpy")


class TestCreate:
    @pytest.mark.parametrize(
        ("choice", "currency", "total"),
        [({}, "usd", 1900), ({"currency": "eur"}, "eur", 1700), ({"currency": "JPY"}, "jpy", 3000)],
    )
    def test_bills_a_year_in_the_chosen_currency(self, shop, create, price, *, choice, currency, total):
        subscription = create(price, **choice)
        shop.advance(days=366)

        invoices = shop.invoices(subscription)
        assert subscription.currency == currency
        assert [(invoice.currency, invoice.total) for invoice in invoices] == [(currency, total)] * 13
        assert {charge.currency for charge in shop.api.charges.list()} == {currency}
        # The price in the item stays as it is made.
        assert (subscription["items"].data[0].price.currency, subscription["items"].data[0].price.unit_amount) == (
            "usd",
            1900,
        )

    def test_names_the_rate_in_the_chosen_currency(self, shop, create, price):
        (invoice,) = shop.invoices(create(price, currency="eur"))

        (line,) = invoice.lines.data
        assert line.description == "1 \N{MULTIPLICATION SIGN} Pro (at €17.00 / month)"
        assert line.pricing.unit_amount_decimal == 1700

    def test_keeps_to_the_customers_currency(self, shop, create, price):
        first = create(shop.price(2000, currency="eur"))
        shop.api.subscriptions.cancel(first.id)

        assert create(price).currency == "eur"

    def test_refuses_a_currency_that_a_price_does_not_have(self, create, price, yen_only):
        refused = error_of(create, price, yen_only, currency="usd")

        assert refused.user_message == (
            "The price specified only supports `jpy`. This doesn't match the expected currency: `usd`."
        )
        assert create(price, yen_only, currency="jpy").currency == "jpy"

    def test_refuses_a_second_currency_of_one_customer(self, create, price):
        create(price, currency="eur")

        refused = error_of(create, price, currency="usd")

        assert refused.user_message.startswith("You cannot combine currencies on a single customer.")


class TestChange:
    def test_prorates_in_the_subscriptions_currency(self, shop, create, price, preview):
        subscription = create(price, currency="eur")
        other = shop.price(3800, currency_options={"eur": {"unit_amount": 3400}})
        shop.advance(days=14)  # Half of February.
        item = subscription["items"].data[0].id

        shown = preview(subscription, items=[{"id": item, "price": other}], proration_behavior="always_invoice")

        assert [(line.currency, line.amount) for line in shown.lines] == [("eur", -850), ("eur", 1700)]

    def test_refuses_a_price_without_the_currency(self, shop, create, price, yen_only):
        subscription = create(price, currency="eur")
        item = subscription["items"].data[0].id

        changes = {"items": [{"id": item, "price": yen_only}]}
        refused = error_of(shop.api.subscriptions.update, subscription.id, changes)

        assert refused.user_message == (
            "The price specified only supports `jpy`. This doesn't match the expected currency: `eur`."
        )

    def test_schedules_a_price_in_the_subscriptions_currency(self, shop, create, price, scheduled, plan):
        subscription = create(price, currency="eur")
        other = shop.price(3800, currency_options={"eur": {"unit_amount": 3400}})

        plan(scheduled(subscription), other)
        shop.advance(days=40)

        assert [invoice.total for invoice in shop.invoices(subscription)] == [1700, 3400]

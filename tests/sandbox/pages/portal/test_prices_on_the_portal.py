"""Prices of every kind as text on the portal's page."""

import pytest

from tests.sandbox.pages.page_text import text_of

MONTHLY = {"recurring": {"interval": "month"}}
TIERS = [{"up_to": 5, "unit_amount": 1000}, {"up_to": "inf", "unit_amount": 700}]


@pytest.fixture
def portal_words(api, browser):
    """Subscribe a customer to a new price of Pro, and return the words of their portal page."""

    def show(*, quantity=1, subscription=None, **terms):
        customer = api.customers.create({"email": "ada@example.com"}).id
        api.payment_methods.attach("pm_card_visa", {"customer": customer})
        card = api.customers.payment_methods.list(customer).data[0].id
        api.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
        product = api.products.create({"name": "Pro"}).id
        price = api.prices.create({"product": product, "currency": "usd", **MONTHLY, **terms}).id
        item = {"price": price, "quantity": quantity} if quantity else {"price": price}
        api.subscriptions.create({"customer": customer, "items": [item], **(subscription or {})})
        given = {"customer": customer, "return_url": "https://shop.example/account"}
        return text_of(browser.get(f"/portal/{api.billing_portal.sessions.create(given).id}"))

    return show


class TestPrices:
    @pytest.mark.parametrize(
        ("quantity", "terms", "words"),
        [
            (7, {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}, "7 for $64.00 per month"),
            (
                25,
                {"unit_amount": 500, "transform_quantity": {"divide_by": 10, "round": "up"}},
                "25 x $5.00 per 10 per",
            ),
            (3, {"unit_amount_decimal": "0.25"}, "3 x $0.0025 per month"),
            (1, {"currency": "isk", "unit_amount": 500}, "Pro ISK 5 per month"),
            (1, {"currency": "rsd", "unit_amount": 190_000}, "Pro RSD 1,900.00 per month"),
        ],
    )
    def test_say_what_is_billed(self, portal_words, quantity, terms, words):
        assert words in portal_words(quantity=quantity, **terms).replace("\N{NO-BREAK SPACE}", " ")

    def test_are_shown_in_the_subscriptions_currency(self, portal_words):
        options = {"eur": {"unit_amount": 1700}}

        words = portal_words(unit_amount=1900, currency_options=options, subscription={"currency": "eur"})

        assert "Pro €17.00 per month" in words

    def test_of_usage_have_no_amount(self, api, portal_words):
        given = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
        recurring = {"interval": "month", "usage_type": "metered", "meter": api.billing.meters.create(given).id}

        assert "Pro billed by usage per month" in portal_words(quantity=None, unit_amount=5, recurring=recurring)

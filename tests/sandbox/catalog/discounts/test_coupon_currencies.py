"""Coupons and promotion codes with amounts in several currencies."""

import pytest

from tests.sandbox.shop import error_of

OPTIONS = {"eur": {"amount_off": 400}, "jpy": {"amount_off": 700}}


@pytest.fixture
def five_off(shop):
    """Five dollars, four euros or 700 yen off."""
    terms = {"amount_off": 500, "currency": "usd", "currency_options": OPTIONS, "duration": "forever"}
    return shop.api.coupons.create(terms).id


class TestCoupons:
    def test_show_their_amounts_when_expanded(self, shop, five_off):
        coupon = shop.api.coupons.retrieve(five_off)
        expanded = shop.api.coupons.retrieve(five_off, {"expand": ["currency_options"]})

        assert "currency_options" not in coupon
        assert expanded.currency_options.to_dict() == {
            "usd": {"amount_off": 500},
            "eur": {"amount_off": 400},
            "jpy": {"amount_off": 700},
        }

    def test_take_further_currencies_later(self, shop, five_off):
        update = {"currency_options": {"gbp": {"amount_off": 300}}, "expand": ["currency_options"]}

        options = shop.api.coupons.update(five_off, update).currency_options.to_dict()

        assert options["gbp"] == {"amount_off": 300}
        again = {"currency_options": {"gbp": {"amount_off": 200}}}
        assert error_of(shop.api.coupons.update, five_off, again).param == "currency_options[gbp]"

    @pytest.mark.parametrize(("currency", "total"), [("usd", 1400), ("eur", 1500), ("jpy", 1200)])
    def test_take_off_the_amount_of_the_subscriptions_currency(self, shop, create, five_off, *, currency, total):
        price = shop.price(currency=currency)

        subscription = create(price, discounts=[{"coupon": five_off}])
        shop.advance(days=366)

        assert [invoice.total for invoice in shop.invoices(subscription)] == [total] * 13

    def test_are_refused_in_other_currencies(self, shop, create, five_off):
        price = shop.price(currency="gbp")

        assert (
            "its currency (`usd`) doesn't match"
            in error_of(create, price, discounts=[{"coupon": five_off}]).user_message
        )

    def test_are_refused_for_a_percentage(self, shop):
        terms = {"percent_off": 10, "currency_options": OPTIONS}

        assert error_of(shop.api.coupons.create, terms).param == "currency_options"


class TestPromotionCodes:
    @pytest.fixture
    def least(self, shop, coupon):
        """A code for at least 20 dollars or 15 euros."""
        minimums = {"eur": {"minimum_amount": 1500}}
        restrictions = {"minimum_amount": 2000, "minimum_amount_currency": "usd", "currency_options": minimums}
        promotion = {"type": "coupon", "coupon": coupon()}
        return shop.api.promotion_codes.create({"promotion": promotion, "restrictions": restrictions})

    @pytest.mark.parametrize(("currency", "amount"), [("usd", 2000), ("eur", 1500)])
    def test_are_taken_from_the_minimum_on(self, shop, create, least, *, currency, amount):
        subscription = create(shop.price(amount, currency=currency), discounts=[{"promotion_code": least.id}])

        assert [invoice.total for invoice in shop.invoices(subscription)] == [amount // 2]

    @pytest.mark.parametrize(
        ("currency", "amount", "text"), [("usd", 1999, "$20.00"), ("eur", 1499, "€15.00"), ("gbp", 9000, "$20.00")]
    )
    def test_are_refused_below(self, shop, create, least, *, currency, amount, text):
        price = shop.price(amount, currency=currency)

        refused = error_of(create, price, discounts=[{"promotion_code": least.id}])

        assert refused.user_message.endswith(f"does not meet its minimum amount of {text}.")

    def test_take_further_currencies_later(self, shop, least):
        restrictions = {"currency_options": {"gbp": {"minimum_amount": 1200}}}

        changed = shop.api.promotion_codes.update(least.id, {"restrictions": restrictions})

        options = changed.restrictions.currency_options
        assert {name: option.minimum_amount for name, option in options.items()} == {"eur": 1500, "gbp": 1200}

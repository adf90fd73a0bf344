"""The amounts that `prices.create` takes: tiers, packages, fractions, custom amounts, other currencies."""

from decimal import Decimal

import pytest

from tests.sandbox.shop import error_of

TIERS = [{"up_to": 10, "unit_amount": 100}, {"up_to": "inf", "unit_amount_decimal": "50.5", "flat_amount": 20}]
TIERED = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}
MONTHLY = {"recurring": {"interval": "month"}}


@pytest.fixture
def create_price(shop):
    """Create a price in USD as `terms` say."""
    product = shop.api.products.create({"name": "Pro"}).id
    return lambda **terms: shop.api.prices.create({"product": product, "currency": "usd", **terms})


class TestTiers:
    def test_are_shown_when_expanded(self, shop, create_price):
        price = create_price(**TIERED, **MONTHLY)

        assert "tiers" not in price
        assert (price.billing_scheme, price.tiers_mode) == ("tiered", "graduated")
        assert (price.unit_amount, price.unit_amount_decimal) == (None, None)
        expanded = shop.api.prices.retrieve(price.id, {"expand": ["tiers"]})
        assert [tier.to_dict(for_json=True) for tier in expanded.tiers] == [
            {
                "flat_amount": None,
                "flat_amount_decimal": None,
                "unit_amount": 100,
                "unit_amount_decimal": "100",
                "up_to": 10,
            },
            {
                "flat_amount": 20,
                "flat_amount_decimal": "20",
                "unit_amount": None,
                "unit_amount_decimal": "50.5",
                "up_to": None,
            },
        ]

    @pytest.mark.parametrize(
        ("terms", "param"),
        [
            ({"tiers_mode": "volume", "tiers": TIERS[:1]}, "tiers[0][up_to]"),
            ({"tiers_mode": "volume", "tiers": [TIERS[1], TIERS[1]]}, "tiers[0][up_to]"),
            ({"tiers_mode": "volume", "tiers": [TIERS[0], TIERS[0], TIERS[1]]}, "tiers[1][up_to]"),
            ({"tiers_mode": "volume", "tiers": [{"up_to": "inf"}]}, "tiers[0]"),
            ({"tiers_mode": "volume"}, "tiers"),
            ({"tiers": TIERS}, "tiers_mode"),
            ({"tiers_mode": "volume", "tiers": TIERS, "unit_amount": 5}, "unit_amount"),
            (
                {"tiers_mode": "volume", "tiers": TIERS, "transform_quantity": {"divide_by": 2, "round": "up"}},
                "transform_quantity",
            ),
        ],
    )
    def test_are_refused(self, create_price, terms, param):
        assert error_of(create_price, billing_scheme="tiered", **terms).param == param

    def test_need_an_amount_each(self, create_price):
        tiers = [{"up_to": 1}, TIERS[1]]

        refused = error_of(create_price, billing_scheme="tiered", tiers_mode="volume", tiers=tiers)

        assert refused.user_message == "An entry in the tiers array is missing an amount."


class TestFractions:
    def test_have_up_to_twelve_decimals(self, create_price):
        price = create_price(unit_amount_decimal="0.123456789012")
        refused = error_of(create_price, unit_amount_decimal="0.1234567890123")

        assert (price.unit_amount, price.unit_amount_decimal) == (None, Decimal("0.123456789012"))
        assert refused.user_message == "Invalid decimal: 0.1234567890123; must contain at maximum 12 decimal places."

    @pytest.mark.parametrize(("given", "whole", "text"), [("1900.00", 1900, "1900"), ("0.250", None, "0.25")])
    def test_lose_trailing_zeros(self, create_price, given, whole, text):
        price = create_price(unit_amount_decimal=given).to_dict(for_json=True)

        assert (price["unit_amount"], price["unit_amount_decimal"]) == (whole, text)


class TestCustomAmounts:
    def test_have_bounds_and_a_preset(self, create_price):
        price = create_price(custom_unit_amount={"enabled": True, "minimum": 500, "preset": 1000})

        assert price.custom_unit_amount.to_dict() == {"maximum": None, "minimum": 500, "preset": 1000}
        assert (price.unit_amount, price.unit_amount_decimal) == (None, None)

    @pytest.mark.parametrize(
        ("custom", "more", "param"),
        [
            ({"enabled": False}, {}, "custom_unit_amount[enabled]"),
            ({"enabled": True, "minimum": 9, "maximum": 5}, {}, "custom_unit_amount[minimum]"),
            ({"enabled": True, "minimum": 9, "preset": 5}, {}, "custom_unit_amount[preset]"),
            ({"enabled": True}, MONTHLY, "recurring"),
            ({"enabled": True}, {"unit_amount": 1}, None),
        ],
    )
    def test_are_refused(self, create_price, custom, more, param):
        assert error_of(create_price, custom_unit_amount=custom, **more).param == param


class TestCurrencyOptions:
    OPTIONS = {"eur": {"unit_amount": 1700, "tax_behavior": "inclusive"}, "jpy": {"unit_amount": 3000}}

    def test_are_shown_when_expanded_with_the_prices_own_currency(self, shop, create_price):
        price = create_price(unit_amount=1900, currency_options=self.OPTIONS)

        assert "currency_options" not in price
        shown = shop.api.prices.retrieve(price.id, {"expand": ["currency_options"]}).currency_options.to_dict()
        assert {name: (each["unit_amount"], each["tax_behavior"]) for name, each in shown.items()} == {
            "usd": (1900, "unspecified"),
            "eur": (1700, "inclusive"),
            "jpy": (3000, "unspecified"),
        }

    def test_can_be_added_changed_and_removed(self, shop, create_price):
        price = create_price(unit_amount=1900, currency_options=self.OPTIONS).id

        changes = {"gbp": {"unit_amount": 1500}, "eur": {"unit_amount": 1800}}
        update = {"currency_options": changes, "expand": ["currency_options"]}
        shown = shop.api.prices.update(price, update).currency_options.to_dict()
        emptied = shop.api.prices.update(price, {"currency_options": "", "expand": ["currency_options"]})

        amounts = {name: each["unit_amount"] for name, each in shown.items()}
        assert amounts == {"usd": 1900, "eur": 1800, "jpy": 3000, "gbp": 1500}
        assert list(emptied.currency_options.to_dict()) == ["usd"]

    @pytest.mark.parametrize(
        ("options", "param"),
        [
            ({"usd": {"unit_amount": 1}}, "currency_options[usd]"),
            ({"xxx": {"unit_amount": 1}}, "currency_options[xxx]"),
            ({"eur": {"unit_amount": -1}}, "currency_options[eur][unit_amount]"),
            ({"kwd": {"unit_amount": 1005}}, "currency_options[kwd][unit_amount]"),
            ({"eur": {"custom_unit_amount": {"enabled": True}}}, "currency_options[eur]"),
        ],
    )
    def test_are_refused(self, create_price, options, param):
        assert error_of(create_price, unit_amount=1900, currency_options=options).param == param


class TestSteps:
    @pytest.mark.parametrize(("currency", "amount"), [("kwd", 1005), ("isk", 1950), ("ugx", 1)])
    def test_are_those_that_stripe_charges(self, create_price, currency, amount):
        refused = error_of(create_price, currency=currency, unit_amount=amount)

        assert (refused.param, refused.code) == ("unit_amount", "parameter_invalid_integer")


class TestMeteredPrices:
    def test_need_a_meter(self, create_price):
        metered = {"interval": "month", "usage_type": "metered"}

        assert error_of(create_price, unit_amount=1, recurring=metered).param == "recurring[meter]"
        assert error_of(create_price, unit_amount=1, recurring={**metered, "meter": "mtr_no"}).user_message == (
            "No such meter: 'mtr_no'"
        )

import re
from decimal import Decimal

import pytest

from billing import money as product_money
from sandbox.core import money
from sandbox.http import limits


class TestTotal:
    @pytest.mark.parametrize(
        ("each", "quantity", "total"),
        [("1900", 3, 5700), ("0", 7, 0), ("0.5", 1, 1), ("0.5", 3, 2), ("0.4", 1, 0), ("33.333", 3, 100)],
    )
    def test_rounds_fractions_of_a_cent_once_at_the_end(self, each, quantity, total):
        assert money.total({"unit_amount_decimal": each}, quantity) == total


class TestShown:
    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [
            (1900, "usd", "$19.00"),
            (0, "usd", "$0.00"),
            (-1400, "usd", "-$14.00"),
            (123_456_789, "eur", "€1,234,567.89"),
            (1900, "jpy", "¥1,900"),
            (1900, "kwd", "KWD\N{NO-BREAK SPACE}1.900"),
            (1900, "isk", "ISK\N{NO-BREAK SPACE}19"),
            (1900, "rsd", "RSD\N{NO-BREAK SPACE}19.00"),
            (Decimal("0.5"), "usd", "$0.005"),
        ],
    )
    def test_uses_the_currencys_own_decimals(self, amount, currency, text):
        assert money.shown(amount, currency) == text


class TestEveryCurrency:
    """Stripe's minor units, https://docs.stripe.com/currencies: CLDR's are others for RSD, LBP and many more."""

    WITHOUT_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()
    THREE_DECIMALS = "bhd jod kwd omr tnd".split()
    WHOLE_UNITS = ("isk", "ugx")

    @pytest.mark.parametrize("currency", limits.CURRENCIES)
    def test_is_shown_in_stripes_minor_units(self, currency):
        digits = re.sub(r"[^0-9.,]", "", money.shown(123_400, currency))

        if currency in self.WITHOUT_DECIMALS:
            assert digits == "123,400"
        elif currency in self.THREE_DECIMALS:
            assert digits == "123.400"
        elif currency in self.WHOLE_UNITS:
            assert digits == "1,234"
        else:
            assert digits == "1,234.00"

    @pytest.mark.parametrize("currency", limits.CURRENCIES)
    def test_is_charged_in_stripes_steps(self, currency):
        steps = dict.fromkeys(self.THREE_DECIMALS, 10) | dict.fromkeys(self.WHOLE_UNITS, 100)

        assert money.step(currency) == steps.get(currency, 1)

    @pytest.mark.parametrize("currency", limits.CURRENCIES)
    def test_is_shown_as_the_product_shows_it(self, currency):
        assert money.shown(123_400, currency) == product_money.display(123_400, currency)

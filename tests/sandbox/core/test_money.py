from decimal import Decimal

import pytest

from sandbox.core import money


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
            (Decimal("0.5"), "usd", "$0.005"),
        ],
    )
    def test_uses_the_currencys_own_decimals(self, amount, currency, text):
        assert money.shown(amount, currency) == text

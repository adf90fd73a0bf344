"""What a price costs, in words, for one and for a quantity."""

from typing import Any

import pytest

from billing.models import Price

TIMES = "\N{MULTIPLICATION SIGN}"


class TestCostIn:
    @pytest.mark.parametrize(
        ("columns", "currency", "quantity", "words"),
        [
            ({}, "", 1, "$290.00 per year"),
            ({}, "usd", 3, f"$870.00 per year, 3 {TIMES} $290.00"),
            ({}, "usd", 0, f"$0.00 per year, 0 {TIMES} $290.00"),
            ({"interval_count": 2}, "", 1200, f"$348,000.00 every 2 years, 1,200 {TIMES} $290.00"),
            ({"currency": "jpy"}, "", 2, f"\N{YEN SIGN}58,000 per year, 2 {TIMES} \N{YEN SIGN}29,000"),
            (
                {"currency_amounts": {"eur": 27000}},
                "eur",
                2,
                f"\N{EURO SIGN}540.00 per year, 2 {TIMES} \N{EURO SIGN}270.00",
            ),
            ({}, "eur", 2, f"billed in EUR per year {TIMES} 2"),
            ({"pricing": "fraction", "exact_amount": "0.5"}, "", 101, f"$0.51 per year, 101 {TIMES} $0.005"),
            ({"pricing": "fraction", "exact_amount": "0.5"}, "eur", 101, "billed in EUR per year for 101"),
            (
                {"pricing": "packages", "exact_amount": "500", "package_size": 10},
                "",
                25,
                "$5.00 per 10 per year for 25",
            ),
            ({"pricing": "tiered", "unit_amount": None}, "", 2500, "varies (USD) per year for 2,500"),
            ({"pricing": "metered"}, "", 1, "varies with use (USD) per year"),
        ],
    )
    def test_has_a_sum_if_one_has_a_figure(
        self, columns: dict[str, Any], currency: str, quantity: int, words: str
    ) -> None:
        price = Price(**{"currency": "usd", "unit_amount": 29000, "interval": "year", **columns})
        assert price.cost_in(currency, quantity) == words

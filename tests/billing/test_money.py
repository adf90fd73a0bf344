from decimal import Decimal

import pytest

from billing import money
from billing.money import NotMoney
from sandbox.core import money as sandbox_money


class TestIsCurrency:
    @pytest.mark.parametrize("code", ["usd", "USD", "eur", "jpy", "kwd", "Isk"])
    def test_knows_a_currency_in_either_case(self, code: str) -> None:
        assert money.is_currency(code)

    @pytest.mark.parametrize("code", ["", "us", "usdx", "zzz", "12$", "u\x00d", "us d"])
    def test_knows_no_other_code(self, code: str) -> None:
        assert not money.is_currency(code)

    @pytest.mark.parametrize("code", ["\N{LATIN SMALL LETTER DOTLESS I}nr", "\N{LATIN SMALL LIGATURE FI}m"])
    def test_does_not_take_letters_that_only_look_right_in_upper_case(self, code: str) -> None:
        assert not money.is_currency(code)


class TestDecimals:
    @pytest.mark.parametrize(("currency", "digits"), [("usd", 2), ("EUR", 2), ("jpy", 0), ("KRW", 0), ("kwd", 3)])
    def test_follows_stripe(self, currency: str, digits: int) -> None:
        assert money.decimals(currency) == digits

    @pytest.mark.parametrize("currency", ["isk", "ugx", "huf", "mmk"])
    def test_counts_hundredths_where_stripe_does_though_nobody_pays_them(self, currency: str) -> None:
        assert money.decimals(currency) == 2

    @pytest.mark.parametrize("currency", sorted(money.NO_DECIMALS | money.THREE_DECIMALS | money.WHOLE_HUNDREDS))
    def test_special_currencies_exist(self, currency: str) -> None:
        assert money.is_currency(currency)


class TestDisplay:
    @pytest.mark.parametrize(
        ("amount", "currency", "shown"),
        [
            (1900, "usd", "$19.00"),
            (1900, "USD", "$19.00"),
            (5, "usd", "$0.05"),
            (0, "eur", "€0.00"),
            (99_999_999, "usd", "$999,999.99"),
            (-500, "eur", "-€5.00"),
            (1900, "jpy", "¥1,900"),
            (1234, "krw", "₩1,234"),
            (1_234_567, "huf", "HUF\xa012,345.67"),
        ],
    )
    def test_uses_the_currencys_own_decimals(self, amount: int, currency: str, shown: str) -> None:
        assert money.display(amount, currency) == shown

    def test_sets_a_code_that_stands_for_a_symbol_apart(self) -> None:
        assert money.display(1900, "kwd") == "KWD\xa01.900"

    def test_hides_hundredths_that_nobody_pays(self) -> None:
        assert money.display(190_000, "isk") == "ISK\xa01,900"

    def test_shows_a_currency_that_it_does_not_know(self) -> None:
        assert money.display(1900, "zzz") == "ZZZ\xa019.00"


class TestDisplayExact:
    @pytest.mark.parametrize(
        ("amount", "currency", "shown"),
        [
            ("0.5", "usd", "$0.005"),
            ("0.000000000001", "usd", "$0.00000000000001"),
            ("1900", "usd", "$19.00"),
            ("1900.25", "eur", "€19.0025"),
            ("0.5", "jpy", "¥0.5"),
            ("12.5", "kwd", "KWD\xa00.0125"),
        ],
    )
    def test_shows_fractions_of_the_minor_unit(self, amount: str, currency: str, shown: str) -> None:
        assert money.display_exact(Decimal(amount), currency) == shown


class TestPlain:
    @pytest.mark.parametrize(
        ("amount", "currency", "text"),
        [
            (1900, "usd", "19.00"),
            (5, "usd", "0.05"),
            (1900, "jpy", "1900"),
            (1900, "kwd", "1.900"),
            (0, "usd", "0.00"),
        ],
    )
    def test_is_bare_digits(self, amount: int, currency: str, text: str) -> None:
        assert money.plain(amount, currency) == text

    @pytest.mark.parametrize("currency", ["usd", "jpy", "kwd", "isk", "ugx", "huf"])
    @pytest.mark.parametrize("amount", [0, 100, 1900, 123_400, 99_999_900])
    def test_is_read_back(self, amount: int, currency: str) -> None:
        assert money.parse(money.plain(amount, currency), currency) == amount


class TestCheckCharge:
    @pytest.mark.parametrize(
        ("amount", "currency"),
        [(0, "usd"), (50, "usd"), (999_999_999_999, "IDR"), (30, "gbp"), (100, "ugx"), (10, "kwd"), (1, "krw")],
    )
    def test_takes_what_stripe_charges(self, amount: int, currency: str) -> None:
        money.check_charge(amount, currency)

    @pytest.mark.parametrize(
        ("amount", "currency", "least"),
        [(49, "usd", "$0.50"), (1, "eur", "€0.50"), (49, "JPY", "¥50"), (17_499, "huf", "HUF\xa0175.00")],
    )
    def test_refuses_less_than_stripe_charges(self, amount: int, currency: str, least: str) -> None:
        with pytest.raises(NotMoney) as refusal:
            money.check_charge(amount, currency)
        assert str(refusal.value) == f"The amount must be at least {least}: Stripe charges no less."

    @pytest.mark.parametrize("currency", ["usd", "idr", "jpy", "huf", "lbp", "cop", "kwd", "isk", "nok"])
    def test_knows_the_limits_of_the_sandbox(self, currency: str) -> None:
        assert money.most(currency) == sandbox_money.most_charge(currency)
        assert money.least(currency) == max(sandbox_money.least_charge(currency), sandbox_money.step(currency))


class TestParse:
    @pytest.mark.parametrize(
        ("text", "currency", "amount"),
        [
            ("19.00", "usd", 1900),
            ("19", "usd", 1900),
            ("19.5", "USD", 1950),
            ("19.", "usd", 1900),
            (".5", "usd", 50),
            ("1,900.00", "usd", 190_000),
            ("  19.00\n", "usd", 1900),
            ("+19", "usd", 1900),
            ("0", "usd", 0),
            ("-0", "usd", 0),
            ("999999.99", "usd", 99_999_999),
            ("1900", "jpy", 1900),
            ("1900.0", "jpy", 1900),
            ("9999999999", "jpy", 9_999_999_999),
            ("9,999,999,999.99", "idr", 999_999_999_999),
            ("99999999.99", "huf", 9_999_999_999),
            ("1.230", "kwd", 1230),
            ("20", "isk", 2000),
            ("5000", "ugx", 500_000),
        ],
    )
    def test_gives_minor_units(self, text: str, currency: str, amount: int) -> None:
        assert money.parse(text, currency) == amount

    def test_refuses_a_negative_amount(self) -> None:
        with pytest.raises(NotMoney, match=r"^The amount can't be negative\.$"):
            money.parse("-1", "usd")

    @pytest.mark.parametrize(
        ("text", "currency", "most"),
        [
            ("1000000", "usd", r"\$999,999\.99"),
            ("10000000000", "jpy", "¥9,999,999,999"),
            ("10000000000.00", "idr", "IDR\xa09,999,999,999\\.99"),
            ("1000001", "isk", "ISK\xa0999,999"),
            ("9" * 25, "usd", r"\$999,999\.99"),
            ("100000", "kwd", "KWD\xa099,999\\.990"),
        ],
    )
    def test_refuses_more_than_stripe_charges(self, text: str, currency: str, most: str) -> None:
        with pytest.raises(NotMoney, match=f"^The amount can't be more than {most}\\.$"):
            money.parse(text, currency)

    @pytest.mark.parametrize(
        ("text", "currency", "message"),
        [
            ("19.001", "usd", "USD has 2 decimals: enter an amount such as 19.00."),
            ("0.001", "usd", "USD has 2 decimals: enter an amount such as 19.00."),
            ("1900.5", "jpy", "JPY has no decimals: enter an amount such as 1900."),
            ("1.2345", "kwd", "KWD has 3 decimals: enter an amount such as 1.900."),
            ("19.0000000000000000000001", "usd", "USD has 2 decimals: enter an amount such as 19.00."),
        ],
    )
    def test_never_rounds(self, text: str, currency: str, message: str) -> None:
        with pytest.raises(NotMoney) as refusal:
            money.parse(text, currency)
        assert str(refusal.value) == message

    @pytest.mark.parametrize(
        ("text", "currency", "step"), [("1.234", "kwd", "0.010"), ("20.50", "isk", "1.00"), ("0.01", "ugx", "1.00")]
    )
    def test_refuses_steps_that_stripe_does_not_charge(self, text: str, currency: str, step: str) -> None:
        with pytest.raises(NotMoney) as refusal:
            money.parse(text, currency)
        assert str(refusal.value) == f"Stripe charges {currency.upper()} in steps of {step}."

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "nineteen",
            "$19",
            "19 usd",
            "1 900",
            "19,00",
            "1,00,000",
            "1..2",
            "--1",
            "1-",
            ".",
            "-",
            "\x00",
            "NaN",
            "sNaN",
            "Infinity",
            "-inf",
            "0x10",
            "1e3",
            "1E+999999",
            "1e-999999",
            "1e999999999999999999",
            "1_000",
            "\N{FULLWIDTH DIGIT ONE}9",
            "\N{ARABIC-INDIC DIGIT THREE}",
            "19\u200b",
            "½",
            "<script>",
        ],
    )
    def test_refuses_what_is_no_number(self, text: str) -> None:
        with pytest.raises(NotMoney, match=r"^Enter an amount in USD, such as 19\.00\.$"):
            money.parse(text, "usd")

    @pytest.mark.parametrize("text", ["0" * 24 + "19", "19." + "0" * 24 + "1", "1" * 10_000])
    def test_refuses_a_number_too_long_to_read_rather_than_a_part_of_it(self, text: str) -> None:
        with pytest.raises(NotMoney, match=r"^Enter an amount in USD, such as 19\.00\.$"):
            money.parse(text, "usd")

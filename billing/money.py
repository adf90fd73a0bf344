"""Amounts of money: Stripe's integers in a currency's minor unit, and the decimals that people read and type."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import NumberFormatError, format_currency, get_currency_symbol, list_currencies, parse_decimal

LOCALE = "en_US"

# How many digits an amount can have, and the least charge of each currency, in minor units
# (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). Other currencies: 8 digits, from 1.
MOST_DIGITS = 8
MORE_DIGITS = {"COP": 10, "HUF": 10, "IDR": 12, "JPY": 10, "LBP": 12}
LEAST_CHARGE = {
    **dict.fromkeys("AUD BRL CAD CHF EUR INR JPY NZD SGD USD".split(), 50),
    "AED": 200,
    "BGN": 100,
    "CZK": 1500,
    "DKK": 250,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "THB": 1000,
}
MAX_UNIT_AMOUNT: int = 10 ** max(MORE_DIGITS.values()) - 1

# Stripe's rule differs from CLDR's for a dozen currencies (https://docs.stripe.com/currencies#zero-decimal).
NO_DECIMALS = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
THREE_DECIMALS = frozenset("BHD JOD KWD OMR TND".split())
# Stripe counts them in hundredths but charges whole units only.
WHOLE_HUNDREDS = frozenset("ISK UGX".split())

LONGEST_NUMBER = 25
# Decimal also accepts 1e3, 1_000 and digits of other scripts.
AMOUNT = re.compile(r"[+-]?[0-9,]*\.?[0-9]*")


class NotMoney(ValueError):
    """The text is not a valid amount in this currency; the message says which amounts are."""


def is_currency(code: str) -> bool:
    return code.isascii() and code.upper() in list_currencies()


def decimals(currency: str) -> int:
    """The number of decimals of Stripe's minor unit: 2 for USD, 0 for JPY, 3 for KWD."""
    code = currency.upper()
    if code in NO_DECIMALS:
        return 0
    return 3 if code in THREE_DECIMALS else 2


def display(amount: int, currency: str) -> str:
    """1900 usd -> "$19.00"; 1900 jpy -> "¥1,900"; 1900 kwd -> "KWD 1.900"."""
    code, digits = currency.upper(), decimals(currency)
    shown = 0 if code in WHOLE_HUNDREDS else digits
    gap = "\N{NO-BREAK SPACE}" if get_currency_symbol(code, LOCALE).isalpha() else ""
    pattern = f"¤{gap}#,##0" + ("." + "0" * shown if shown else "")
    value = Decimal(amount).scaleb(-digits)
    return format_currency(value, code, format=pattern, locale=LOCALE, currency_digits=False)


def display_exact(amount: Decimal, currency: str) -> str:
    """Show an amount that may have a fraction of the minor unit: 0.5 usd -> "$0.005", 1000 usd -> "$10.00"."""
    if amount == amount.to_integral_value():
        return display(int(amount), currency)
    code, digits = currency.upper(), decimals(currency)
    gap = "\N{NO-BREAK SPACE}" if get_currency_symbol(code, LOCALE).isalpha() else ""
    # Stripe takes up to twelve decimals of the minor unit.
    pattern = f"¤{gap}#,##0.{'0' * digits}{'#' * 12}"
    value = amount.scaleb(-digits)
    return format_currency(value, code, format=pattern, locale=LOCALE, currency_digits=False)


def display_times(quantity: int, each: Decimal | int, currency: str) -> str:
    """5 of 2900 usd -> "5 x $29.00", with a true multiplication sign."""
    return f"{quantity:,} \N{MULTIPLICATION SIGN} {display_exact(Decimal(each), currency)}"


def multiply(quantity: int, each: Decimal | int) -> int:
    """Return what a quantity costs in the minor unit, rounded as Stripe does."""
    return int((Decimal(each) * quantity).quantize(Decimal(1), ROUND_HALF_UP))


def plain(amount: int, currency: str) -> str:
    """1900 usd -> "19.00", for a form's field; `parse` reads it back."""
    digits = decimals(currency)
    return f"{Decimal(amount).scaleb(-digits):.{digits}f}"


def parse(text: str, currency: str) -> int:
    """ "19.00" usd -> 1900. Raises NotMoney if the text is not a number, negative, too precise or too large."""
    code, digits = currency.upper(), decimals(currency)
    amount = _number(text, code).scaleb(digits)
    if amount < 0:
        raise NotMoney("The amount can't be negative.")
    if amount > most(code):
        raise NotMoney(f"The amount can't be more than {display(most(code), code)}.")
    if amount != amount.to_integral_value():
        raise NotMoney(f"{code} has {digits or 'no'} decimals: enter an amount such as {plain(1900, code)}.")
    if int(amount) % step(code):
        raise NotMoney(f"Stripe charges {code} in steps of {plain(step(code), code)}.")
    return int(amount)


def step(currency: str) -> int:
    """Every amount must be a multiple of this many minor units: 1 for USD, 10 for KWD, 100 for ISK."""
    code = currency.upper()
    return 100 if code in WHOLE_HUNDREDS else 10 if code in THREE_DECIMALS else 1


def most(currency: str) -> int:
    """Return the largest amount that Stripe charges, in minor units."""
    largest: int = 10 ** MORE_DIGITS.get(currency.upper(), MOST_DIGITS) - 1
    return largest // step(currency) * step(currency)


def least(currency: str) -> int:
    """Return the smallest amount above zero that Stripe charges, in minor units."""
    return max(LEAST_CHARGE.get(currency.upper(), 1), step(currency))


def check_charge(amount: int, currency: str) -> None:
    """Raise NotMoney for an amount that `check` refuses, or that is too small to be charged. Free is allowed."""
    check(amount, currency)
    if 0 < amount < least(currency):
        raise NotMoney(f"The amount must be at least {display(least(currency), currency)}: Stripe charges no less.")


def check(amount: int, currency: str) -> None:
    """Raise NotMoney for an amount that is negative, too large, or in finer steps than Stripe charges."""
    parse(plain(amount, currency), currency)


def _number(text: str, code: str) -> Decimal:
    typed = text.strip()
    try:
        if len(typed) <= LONGEST_NUMBER and AMOUNT.fullmatch(typed):
            return parse_decimal(typed, locale=LOCALE, strict=True)
    except (NumberFormatError, InvalidOperation):
        pass
    raise NotMoney(f"Enter an amount in {code}, such as {plain(1900, code)}.")

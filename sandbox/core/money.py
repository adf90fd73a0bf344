"""Amounts of money: what a quantity costs at a price, amounts as text, and the amounts that Stripe can charge.

https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
"""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_symbol

from sandbox.core import pricing
from sandbox.core.errors import ApiError
from sandbox.core.store import Object

# The least amounts that Stripe documents, in minor units; any other currency can be charged from 1.
LEAST_CHARGE = {
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
    "usd": 50,
}
MOST_DIGITS = 8
MORE_DIGITS = {"cop": 10, "huf": 10, "idr": 12, "jpy": 10, "lbp": 12}
# Stripe's decimals differ from CLDR's for many currencies (https://docs.stripe.com/currencies#zero-decimal).
NO_DECIMALS = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMALS = frozenset("bhd jod kwd omr tnd".split())  # The last one must be 0.
WHOLE_HUNDREDS = frozenset({"isk", "ugx"})  # Counted in hundredths, but only whole units are charged.
STEPS = dict.fromkeys(THREE_DECIMALS, 10) | dict.fromkeys(WHOLE_HUNDREDS, 100)
DECIMALS_OF_PRICES = 12
LOCALE = "en_US"
NO_CHARGE = (
    "The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency "
    "set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment "
    "Method for future use without an immediate payment, use a Setup Intent instead: "
    "https://docs.stripe.com/payments/setup-intents"
)


def decimals(currency: str) -> int:
    """Return the number of decimals of the minor unit: 2 for usd, 0 for jpy, 3 for kwd."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def step(currency: str) -> int:
    """Return the number of minor units that every amount must be a multiple of: 1, 10 for kwd, 100 for isk."""
    return STEPS.get(currency, 1)


def total(price: Object, quantity: int | Decimal, *, currency: str | None = None) -> int:
    """Return what the quantity costs in whole minor units; `currency` is the price's own by default."""
    return sum(part.amount for part in pricing.parts(price, quantity, currency=currency))


def rounded(amount: Decimal) -> int:
    """Return the amount in whole minor units, rounded half up."""
    return pricing.rounded(amount)


@lru_cache(maxsize=1024)
def shown(amount: int | Decimal, currency: str) -> str:
    """Return an amount in minor units as text in US English: 1900 usd is $19.00, 1900 jpy is ¥1,900.

    Fractions of a minor unit are shown, as prices can have them.
    """
    code, digits = currency.upper(), decimals(currency.lower())
    always = 0 if currency.lower() in WHOLE_HUNDREDS else digits
    gap = "\N{NO-BREAK SPACE}" if get_currency_symbol(code, LOCALE).isalpha() else ""
    fraction = "0" * always + "#" * (digits - always + DECIMALS_OF_PRICES)
    value = Decimal(amount).scaleb(-digits)
    pattern = f"¤{gap}#,##0.{fraction}"
    return format_currency(value, code, format=pattern, locale=LOCALE, currency_digits=False)


def least_charge(currency: str) -> int:
    """Return the least amount that can be charged."""
    return LEAST_CHARGE.get(currency, 1)


def most_charge(currency: str) -> int:
    """Return the greatest amount that can be charged."""
    most: int = 10 ** MORE_DIGITS.get(currency, MOST_DIGITS) - 1
    return most // step(currency) * step(currency)


def chargeable(amount: int, currency: str, *, param: str = "amount") -> int:
    """Return the amount if it can be charged. Raises ApiError (400) if it is too small, too large or between steps."""
    if amount < 1:
        raise ApiError.invalid(NO_CHARGE, param=param, code="parameter_invalid_integer")
    if amount < least_charge(currency):
        least = shown(least_charge(currency), currency)
        raise ApiError.invalid(f"Amount must be at least {least} {currency}", param=param, code="amount_too_small")
    if amount > most_charge(currency):
        most = shown(most_charge(currency), currency)
        raise ApiError.invalid(f"Amount must be no more than {most}", param=param, code="amount_too_large")
    if amount % STEPS.get(currency, 1):
        raise ApiError.invalid(
            f"Invalid amount for {currency.upper()}: {amount} is not divisible by {STEPS[currency]}.",
            param=param,
            code="invalid_charge_amount",
        )
    return amount

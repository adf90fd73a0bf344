"""Amounts of money: price times quantity, amounts as text, and the amounts that Stripe can charge.

https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
"""

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, get_currency_precision

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
# Currencies with three decimals whose last must be 0, and those without decimals that Stripe counts in hundredths.
STEPS = {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}
NO_CHARGE = (
    "The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency "
    "set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment "
    "Method for future use without an immediate payment, use a Setup Intent instead: "
    "https://docs.stripe.com/payments/setup-intents"
)


def total(price: Object, quantity: int) -> int:
    """Return price times quantity in whole minor units, rounded half up; prices may have fractions of one."""
    return rounded(Decimal(price["unit_amount_decimal"]) * quantity)


def rounded(amount: Decimal) -> int:
    """Return the amount in whole minor units, rounded half up."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def shown(amount: int | Decimal, currency: str) -> str:
    """Return an amount in minor units as text in US English: 1900 usd is $19.00, 1900 jpy is ¥1,900."""
    code = currency.upper()
    major = Decimal(amount).scaleb(-get_currency_precision(code))
    return format_currency(major, code, locale="en_US", currency_digits=True, decimal_quantization=False)


def least_charge(currency: str) -> int:
    """Return the least amount that can be charged."""
    return LEAST_CHARGE.get(currency, 1)


def most_charge(currency: str) -> int:
    """Return the greatest amount that can be charged."""
    step = STEPS.get(currency, 1)
    most: int = 10 ** MORE_DIGITS.get(currency, MOST_DIGITS) - 1
    return most // step * step


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

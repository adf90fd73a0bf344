"""Amounts of money: price times quantity, and amounts as text."""

from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, get_currency_precision

from sandbox.core.store import Object


def total(price: Object, quantity: int) -> int:
    """Return price times quantity in whole minor units, rounded half up; prices may have fractions of one."""
    return int((Decimal(price["unit_amount_decimal"]) * quantity).quantize(Decimal(1), ROUND_HALF_UP))


def shown(amount: int | Decimal, currency: str) -> str:
    """Return an amount in minor units as text in US English: 1900 usd is $19.00, 1900 jpy is ¥1,900."""
    code = currency.upper()
    major = Decimal(amount).scaleb(-get_currency_precision(code))
    return format_currency(major, code, locale="en_US", currency_digits=True, decimal_quantization=False)

"""What a quantity costs at a price of any kind: per unit, by packages, by graduated tiers or by volume.

https://docs.stripe.com/products-prices/pricing-models#tiered-pricing
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from sandbox.core.store import Object


@dataclass(frozen=True)
class Part:
    """A summand of the cost: units at one rate, or the flat fee of a tier. `tier` counts from 1.

    `amount` is in whole minor units; each part is rounded half up on its own.
    """

    quantity: int | Decimal
    unit_amount: Decimal
    amount: int
    tier: int | None = None
    is_flat: bool = False


def in_currency(price: Object, currency: str | None) -> Object:
    """Return the price with the amounts of its option for the currency.

    Raises LookupError if the price has no amounts in it.
    """
    if currency is None or currency == price.get("currency", currency):
        return price
    option = (price.get("currency_options") or {}).get(currency)
    if option is None:
        raise LookupError(f"{price['id']} has no amounts in {currency}")
    return {**price, **option, "currency": currency}


def currencies(price: Object) -> set[str]:
    """Return the currencies that the price has amounts in."""
    return {price["currency"], *(price.get("currency_options") or {})}


def parts(price: Object, quantity: int | Decimal, *, currency: str | None = None) -> list[Part]:
    """Return the parts of the quantity's cost; none for a price whose amount the customer chooses."""
    priced = in_currency(price, currency)
    if priced.get("billing_scheme") == "tiered":
        by_mode = _graduated if priced["tiers_mode"] == "graduated" else _volume
        return list(by_mode(priced["tiers"], quantity))
    if priced["unit_amount_decimal"] is None:
        return []
    rate = Decimal(priced["unit_amount_decimal"])
    return [Part(quantity, rate, rounded(rate * _packages(priced, quantity)))]


def rounded(amount: Decimal) -> int:
    """Return the amount in whole minor units, rounded half up."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _packages(price: Object, quantity: int | Decimal) -> Decimal:
    """Return the quantity that is billed: packages instead of units if the price has `transform_quantity`."""
    transform = price.get("transform_quantity")
    if transform is None:
        return Decimal(quantity)
    rounding = ROUND_CEILING if transform["round"] == "up" else ROUND_FLOOR
    return (Decimal(quantity) / int(transform["divide_by"])).to_integral_value(rounding)


def _graduated(tiers: list[Object], quantity: int | Decimal) -> Iterator[Part]:
    """Bill the units within each tier at the tier's rate, and the flat fee of each tier that is reached.

    Tiers begin at 0, so the first tier is always reached.
    """
    below: int | Decimal = 0
    for number, tier in enumerate(tiers, start=1):
        upper = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        yield from _of_tier(tier, upper - below, number)
        below = upper
        if below >= quantity:
            return


def _volume(tiers: list[Object], quantity: int | Decimal) -> Iterator[Part]:
    """Bill all units at the rate of the tier that the quantity is in."""
    for number, tier in enumerate(tiers, start=1):
        if tier["up_to"] is None or quantity <= tier["up_to"]:
            yield from _of_tier(tier, quantity, number)
            return


def _of_tier(tier: Object, quantity: int | Decimal, number: int) -> Iterator[Part]:
    if tier["unit_amount_decimal"] is not None:
        rate = Decimal(tier["unit_amount_decimal"])
        yield Part(quantity, rate, rounded(rate * quantity), number)
    if tier["flat_amount_decimal"] is not None:
        fee = Decimal(tier["flat_amount_decimal"])
        yield Part(1, fee, rounded(fee), number, is_flat=True)

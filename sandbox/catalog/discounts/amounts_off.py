"""The amounts that coupons take off orders, checkout sessions and invoices, line by line.

A percentage is taken of the total and rounded once, half up; the result is split over the lines in proportion.
Several discounts apply one after another, each to what the previous ones leave.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sandbox.catalog.orders import Order
from sandbox.core.store import Object


@dataclass(frozen=True)
class Part:
    """An amount and the product that it is for."""

    amount: int
    product: str


def in_currency(coupon: Object, currency: str) -> Object:
    """Return the coupon with its amount in the currency; the amount is None if it has none in it."""
    if coupon["amount_off"] is None or currency == coupon["currency"]:
        return coupon
    option = (coupon.get("currency_options") or {}).get(currency, {})
    return {**coupon, "amount_off": option.get("amount_off"), "currency": currency}


def per_part(coupon: Object, parts: list[Part]) -> list[int]:
    """Return the amount that the coupon takes off each part."""
    weights = [part.amount if applies_to(coupon, part.product) else 0 for part in parts]
    return _spread(_total_off(coupon, sum(weights)), weights)


def applies_to(coupon: Object, product: str) -> bool:
    """Return whether the coupon applies to the product; one without `applies_to` applies to all."""
    products = coupon.get("applies_to")
    return products is None or product in products["products"]


def net(coupons: Iterable[Object], orders: Iterable[Order]) -> int:
    """Return the total of the orders less the coupons."""
    parts = [Part(order.amount, order.price["product"]) for order in orders]
    for coupon in coupons:
        parts = [
            Part(part.amount - each, part.product) for part, each in zip(parts, per_part(coupon, parts), strict=True)
        ]
    return sum(part.amount for part in parts)


def apply_to_session(session: Object, coupon: Object | None) -> None:
    """Set the amounts of a checkout session, less the coupon if there is one."""
    items = session["line_items"]["data"]
    parts = [Part(item["amount_subtotal"], item["price"]["product"]) for item in items]
    terms = in_currency(coupon, session["currency"]) if coupon else None
    shares = per_part(terms, parts) if terms else [0] * len(items)
    reduced = [
        {**item, "amount_discount": share, "amount_total": item["amount_subtotal"] - share}
        for item, share in zip(items, shares, strict=True)
    ]
    session["line_items"] = {**session["line_items"], "data": reduced}
    session["amount_total"] = session["amount_subtotal"] - sum(shares)
    session["total_details"] = {**session["total_details"], "amount_discount": sum(shares)}


def _total_off(coupon: Object, amount: int) -> int:
    if coupon["percent_off"] is None:
        return min(int(coupon["amount_off"]), amount)
    return _rounded(Decimal(str(coupon["percent_off"])) * amount / 100)


def _spread(total: int, weights: list[int]) -> list[int]:
    """Split the total in proportion to the weights; the shares add up to the total exactly."""
    whole, seen, given = sum(weights), 0, 0
    shares = []
    for weight in weights:
        seen += weight
        share = _rounded(Decimal(total) * seen / whole) - given if whole else 0
        given += share
        shares.append(share)
    return shares


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))

"""What a subscription costs, after its discounts: of each interval the amount now, and after the discounts end.

Computed as Stripe does: a discount of an item first, then those of the subscription, one after another, each on what
is left; a customer's own discount counts if the subscription has none. https://docs.stripe.com/billing/subscriptions/coupons
What can't be computed here (use, tiers, an amount that is not known in its currency) has no figure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from billing.gateway.snapshots import JSON
from billing.models import Coupon, Price
from subscriptions import stripe_clock
from subscriptions.models import Subscription

Interval = tuple[str, int]


@dataclass(frozen=True)
class Discount:
    """A discount with the terms of its coupon; `terms` are empty if they are not known."""

    terms: JSON
    currency: str
    ends_at: datetime | None = None
    item_id: str = ""

    @property
    def percent_off(self) -> float | None:
        return self.terms.get("percent_off")

    @property
    def amount_off(self) -> int | None:
        """In the subscription's currency; None if it has none in it."""
        amount: int | None = (self.terms.get("amounts_off") or {}).get(self.currency)
        return amount

    @property
    def is_once(self) -> bool:
        return self.terms.get("duration") == "once"

    @property
    def is_temporary(self) -> bool:
        return self.is_once or self.ends_at is not None

    @property
    def is_known(self) -> bool:
        """Whether its effect can be computed: how much it takes off, and for how long."""
        has_amount = self.percent_off is not None or self.amount_off is not None
        return has_amount and self.terms.get("duration") in Coupon.DURATIONS

    @property
    def products(self) -> list[str] | None:
        return self.terms.get("products")

    def applies_to(self, line: "Line") -> bool:
        of_item = self.item_id in {"", line.item_id}
        return of_item and (self.products is None or line.product_id in self.products)

    def off(self, amount: int) -> int:
        if self.percent_off is not None:
            return _rounded(Decimal(str(self.percent_off)) * amount / 100)
        return min(self.amount_off or 0, amount)


@dataclass(frozen=True)
class Line:
    """An item's amount; None if Stripe computes it."""

    item_id: str
    product_id: str
    interval: Interval
    amount: int | None
    is_metered: bool = False


@dataclass(frozen=True)
class Charge:
    """The amount of one interval, now and after the discounts that end."""

    interval: Interval
    amount: int
    after: int


@dataclass(frozen=True)
class Amount:
    """What a subscription costs, without tax. `has_unknown` says that something is not in the charges."""

    currency: str
    charges: list[Charge]
    discounts: list[Discount]
    is_discounted: bool
    is_metered: bool = False
    has_unknown: bool = False
    is_taxed: bool = False

    @property
    def total(self) -> int | None:
        """The amount of each interval, if there is one interval only and all of it is known."""
        is_whole = len(self.charges) == 1 and not self.is_metered and not self.has_unknown
        return self.charges[0].amount if is_whole and (self.is_discounted or not self.discounts) else None


def of(subscription: Subscription) -> Amount:
    """Compute what a subscription costs now; of a trial, what it costs afterwards."""
    prefetch([subscription])
    on_trial = subscription.on_trial and subscription.trial_end_at
    at = on_trial or stripe_clock.now()
    discounts = [one for one in subscription.known_discounts or [] if one.ends_at is None or one.ends_at > at]
    lines = [_line(item, subscription.currency, subscription.foreign_amounts) for item in subscription.items]
    known = [line for line in lines if line.amount is not None]
    intervals = list(dict.fromkeys(line.interval for line in known))
    is_discounted = bool(discounts) and _can_discount(discounts, lines, intervals)
    if not subscription.has_known_discounts:
        discounts, is_discounted = [*discounts, Discount({}, subscription.currency)], False
    now = discounts if is_discounted else []
    lasting = [one for one in now if not one.is_temporary]
    charges = []
    for interval in intervals:
        of_interval = [line for line in known if line.interval == interval]
        charges.append(Charge(interval, _net(of_interval, now), _net(of_interval, lasting)))
    unknown = [line for line in lines if line.amount is None]
    return Amount(
        subscription.currency,
        charges,
        discounts,
        is_discounted,
        is_metered=any(line.is_metered for line in unknown),
        has_unknown=any(not line.is_metered for line in unknown),
        is_taxed=subscription.is_taxed,
    )


def prefetch(subscriptions: Iterable[Subscription]) -> None:
    """Set `known_discounts` and `foreign_amounts` of each subscription.

    One query for all coupons and one for all prices of another currency; none if there are no such coupons or prices.
    """
    missing = [one for one in subscriptions if one.known_discounts is None]
    wanted = {one.pk: _discounts_of(one) for one in missing}
    ids = {discount["coupon"] for found in wanted.values() for discount in found if discount["coupon"]}
    terms = dict(Coupon.objects.filter(pk__in=sorted(ids)).values_list("pk", "terms")) if ids else {}
    foreign = _foreign_amounts(missing)
    for subscription in missing:
        subscription.foreign_amounts = foreign.get(subscription.pk, {})
        # Discounts of items come first.
        found = sorted(wanted[subscription.pk], key=lambda discount: not discount.get("item"))
        subscription.known_discounts = [_discount(one, terms, subscription.currency) for one in found]


def _foreign_amounts(subscriptions: Sequence[Subscription]) -> dict[str, dict[str, int | None]]:
    """Return, by subscription, what its prices of another currency cost in the one that it is billed in."""
    wanted = {
        one.pk: [item["price"] for item in one.items if item.get("currency") not in {None, one.currency}]
        for one in subscriptions
    }
    ids = {price for found in wanted.values() for price in found}
    prices = Price.objects.in_bulk(sorted(ids)) if ids else {}
    return {
        one.pk: {
            pk: prices[pk].unit_amount_in(one.currency)
            for pk in wanted[one.pk]
            if pk in prices and prices[pk].currency != one.currency
        }
        for one in subscriptions
    }


def _discounts_of(subscription: Subscription) -> list[JSON]:
    current = set(subscription.discount_ids)
    own = [discount for discount in subscription.discounts if discount["id"] in current]
    customer = subscription.customer
    if current or customer is None or not customer.discount:
        return own
    return [customer.discount]


def _discount(discount: JSON, terms: dict[str, JSON], currency: str) -> Discount:
    ends_at = datetime.fromisoformat(discount["end"]) if discount["end"] else None
    return Discount(terms.get(discount["coupon"]) or {}, currency, ends_at, discount.get("item") or "")


def _line(item: JSON, currency: str, foreign: Mapping[str, int | None]) -> Line:
    interval = (item.get("interval") or "month", item.get("interval_count") or 1)
    is_metered = bool(item.get("is_metered"))
    unknown = is_metered or bool(item.get("is_tiered"))
    if item.get("currency") not in {None, currency}:
        # Only a plain amount is known in another currency than the price's own.
        item = {
            **item,
            "unit_amount": foreign.get(item.get("price", "")),
            "unit_amount_decimal": None,
            "package": None,
        }
    return Line(
        item.get("id", ""),
        item.get("product", ""),
        interval,
        None if unknown else _amount(item),
        is_metered=is_metered,
    )


def _amount(item: JSON) -> int | None:
    unit = item.get("unit_amount_decimal") or item.get("unit_amount")
    if unit is None:
        return None
    quantity = Decimal(item["quantity"])
    if package := item.get("package"):
        rounding = ROUND_CEILING if package["round"] == "up" else ROUND_FLOOR
        quantity = (quantity / package["divide_by"]).to_integral_value(rounding)
    return _rounded(Decimal(unit) * quantity)


def _can_discount(discounts: Sequence[Discount], lines: Sequence[Line], intervals: Sequence[Interval]) -> bool:
    """Whether the discounts' effect can be computed: an amount off is of each invoice, whatever is on it."""
    if any(line.amount is None for line in lines) or not all(one.is_known for one in discounts):
        return False
    return len(intervals) == 1 or all(one.percent_off is not None for one in discounts)


def _net(lines: list[Line], discounts: Sequence[Discount]) -> int:
    for discount in discounts:
        lines = _less(lines, discount)
    return sum(line.amount or 0 for line in lines)


def _less(lines: list[Line], discount: Discount) -> list[Line]:
    """Take a discount off the lines that it applies to, in proportion; it is rounded once."""
    weights = [(line.amount or 0) if discount.applies_to(line) else 0 for line in lines]
    whole, seen, given, left = sum(weights), 0, 0, []
    off = discount.off(whole)
    for line, weight in zip(lines, weights, strict=True):
        seen += weight
        share = _rounded(Decimal(off) * seen / whole) - given if whole else 0
        given += share
        left.append(replace(line, amount=(line.amount or 0) - share))
    return left


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))

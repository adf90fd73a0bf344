"""The cost of a subscription's items for a full period or a part of one, and the parts that it is billed in.

A price of several currencies is billed in the subscription's, which the item's private `_currency` names. The cost of
a metered item is not known in advance and counts as 0; lines.py bills its usage afterwards.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from sandbox.catalog.discounts import amounts_off
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.catalog.meters import usage
from sandbox.core import periods, pricing
from sandbox.core.pricing import Part as PricePart
from sandbox.core.store import Object


def priced(item: Object) -> Object:
    """Return the item's price with its amounts in the subscription's currency."""
    return pricing.in_currency(item["price"], item.get("_currency"))


def parts(item: Object, quantity: int) -> list[PricePart]:
    """Return the parts that this quantity of the item is billed in: one, or those of the tiers."""
    return pricing.parts(priced(item), quantity)


def of_item(item: Object) -> int:
    """Return the cost of the item for a full period, before discounts."""
    if usage.is_metered(item["price"]):
        return 0
    return sum(part.amount for part in parts(item, item["quantity"]))


def of_items(items: Iterable[Object], *, discounts: Iterable[Object]) -> dict[str, int]:
    """Return the cost of each item for a full period, by item id; the discounts are split over all items."""
    by_id = {item["id"]: item for item in items}
    costs = [Part(of_item(item), item["price"]["product"]) for item in by_id.values()]
    for discount in discounts:
        taken = amounts_off.per_part(discount["_coupon"], costs)
        costs = [Part(cost.amount - each, cost.product) for cost, each in zip(costs, taken, strict=True)]
    return {item_id: cost.amount for item_id, cost in zip(by_id, costs, strict=True)}


def full_period(subscription: Object, item: Object) -> tuple[int, int]:
    """Return the whole billing period that the item's price pays for; `cancel_at` can end the current one earlier."""
    start, end = item["current_period_start"], item["current_period_end"]
    recurring = item["price"]["recurring"]
    whole = periods.current(
        anchor=subscription["billing_cycle_anchor"],
        interval=recurring["interval"],
        interval_count=recurring["interval_count"],
        at=start,
    )
    return whole if whole[0] <= start and whole[1] >= end else (start, end)


def prorate(amount: int, *, period: tuple[int, int], since: int, until: int | None = None) -> int:
    """Return the part of a period's amount for the time from `since` to `until`, by default the period's end.

    It is computed to the second and rounded half up to whole minor units.
    """
    start, end = period
    first, last = max(start, since), end if until is None else min(end, until)
    if last <= first:
        return 0
    return int((Decimal(amount) * (last - first) / (end - start)).quantize(Decimal(1), ROUND_HALF_UP))

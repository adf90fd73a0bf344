"""The cost of a subscription's items, less discounts, for a full period or a part of one."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from sandbox.catalog.discounts import amounts_off
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.core import money
from sandbox.core.store import Object


def of_items(items: Iterable[Object], *, discounts: Iterable[Object]) -> dict[str, int]:
    """Return the cost of each item for a full period, by item id; the discounts are split over all items."""
    by_id = {item["id"]: item for item in items}
    parts = [Part(money.total(item["price"], item["quantity"]), item["price"]["product"]) for item in by_id.values()]
    for discount in discounts:
        taken = amounts_off.per_part(discount["_coupon"], parts)
        parts = [Part(part.amount - each, part.product) for part, each in zip(parts, taken, strict=True)]
    return {item_id: part.amount for item_id, part in zip(by_id, parts, strict=True)}


def prorate(amount: int, *, period: tuple[int, int], since: int, until: int | None = None) -> int:
    """Return the part of a period's amount for the time from `since` to `until`, by default the period's end.

    It is computed to the second and rounded half up to whole minor units.
    """
    start, end = period
    first, last = max(start, since), end if until is None else min(end, until)
    if last <= first:
        return 0
    return int((Decimal(amount) * (last - first) / (end - start)).quantize(Decimal(1), ROUND_HALF_UP))

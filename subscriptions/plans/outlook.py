"""What a subscription has besides its plan, and what it will change to later, in lines for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.gateway.snapshots import JSON
from billing.models import Price
from subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A price in the subscription's currency, and its quantity; `at` is when it is charged next, or when it begins."""

    price: Price | None
    quantity: int
    at: datetime | None
    currency: str

    @property
    def terms(self) -> str:
        """What it costs: "$6.00 per month, 2 x $3.00"; empty if that is not known."""
        return self.price.cost_in(self.currency, self.quantity) if self.price else ""

    @property
    def name(self) -> str:
        product = self.price.product if self.price else None
        return product.name if product else "another plan"


def attach(subscriptions: Iterable[Subscription]) -> None:
    """Set `further_items` and `later_changes` of each; one query, or none if there are no such lines.

    The next change is not among the later ones: it has columns of its own.
    """
    items = {one.pk: one.items[1:] for one in subscriptions}
    changes = {one.pk: one.pending_change.following[1:] if one.pending_change else [] for one in subscriptions}
    prices = _prices_of([line for group in (*items.values(), *changes.values()) for line in group])
    for one in subscriptions:
        one.further_items = [_line(item, prices, one.currency) for item in items[one.pk]]
        one.later_changes = [_line(change, prices, one.currency) for change in changes[one.pk]]


def plan_lines(items_or_changes: list[JSON], *, currency: str) -> list[PlanLine]:
    """Return the items of a subscription, or the changes of a schedule, for people; one query.

    Without a currency, each costs what its price says in its own.
    """
    prices = _prices_of(items_or_changes)
    return [_line(line, prices, currency) for line in items_or_changes]


def _prices_of(lines: list[JSON]) -> dict[str, Price]:
    ids = {line.get("price") for line in lines} - {None, ""}
    return Price.objects.select_related("product").in_bulk(list(ids)) if ids else {}


def _line(line: JSON, prices: dict[str, Price], currency: str) -> PlanLine:
    at, quantity = line.get("current_period_end", line.get("at")), line.get("quantity")
    moment = None if at is None else datetime.fromtimestamp(at, UTC)
    return PlanLine(prices.get(line.get("price", "")), 1 if quantity is None else quantity, moment, currency)

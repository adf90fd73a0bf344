"""What a subscription has besides its plan, and what it will change to later, in lines for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.gateway.snapshots import JSON
from billing.linked import linked
from billing.models import Price
from subscriptions.models import Subscription, SubscriptionSchedule


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A price in the subscription's currency, and its quantity; `at` is when it is charged next, or when it begins.

    `further` are the other items of a change to come.
    """

    price: Price | None
    quantity: int
    at: datetime | None
    currency: str
    further: "tuple[PlanLine, ...]" = ()

    @property
    def terms(self) -> str:
        """What it costs: "$6.00 per month, 2 x $3.00"; empty if that is not known."""
        return self.price.cost_in(self.currency, self.quantity) if self.price else ""

    @property
    def name(self) -> str:
        product = self.price.product if self.price else None
        return product.name if product else "another plan"

    @property
    def in_words(self) -> str:
        """Its name, and what it costs if that is known: "Storage, $6.00 per month, 2 x $3.00"."""
        return f"{self.name}, {self.terms}" if self.terms else self.name


def attach(subscriptions: Iterable[Subscription]) -> None:
    """Set `further_items`, `pending_further` and `later_changes` of each; one query, none if there are no such lines.

    The next change is not among the later ones: it has columns of its own. `pending_further` are its other items.
    """
    items = {one.pk: one.items[1:] for one in subscriptions}
    pending = {one.pk: one.pending_change.next_further if one.pending_change else [] for one in subscriptions}
    changes = {one.pk: one.pending_change.following[1:] if one.pending_change else [] for one in subscriptions}
    prices = _prices_of([line for group in (items, pending, changes) for lines in group.values() for line in lines])
    for one in subscriptions:
        one.further_items = [_line(item, prices, one.currency) for item in items[one.pk]]
        one.pending_further = [_line(item, prices, one.currency) for item in pending[one.pk]]
        one.later_changes = [_line(change, prices, one.currency) for change in changes[one.pk]]


def attach_to_schedules(schedules: Iterable[SubscriptionSchedule]) -> None:
    """Set `further_items` of each schedule that begins a subscription; one query, or none without such items."""
    prices = _prices_of([item for schedule in schedules for item in schedule.next_further])
    for schedule in schedules:
        schedule.further_items = [_line(item, prices, schedule.next_currency) for item in schedule.next_further]


def plan_lines(items_or_changes: list[JSON], *, currency: str) -> list[PlanLine]:
    """Return the items of a subscription, or the changes of a schedule, for people; one query.

    Without a currency, each costs what its price says in its own.
    """
    prices = _prices_of(items_or_changes)
    return [_line(line, prices, currency) for line in items_or_changes]


def _prices_of(lines: list[JSON]) -> dict[str, Price]:
    ids = {each.get("price") for line in lines for each in (line, *line.get("further", []))} - {None, ""}
    return linked(Price.objects.all(), "product").in_bulk(list(ids)) if ids else {}


def _line(line: JSON, prices: dict[str, Price], currency: str) -> PlanLine:
    at, quantity = line.get("current_period_end", line.get("at")), line.get("quantity")
    return PlanLine(
        prices.get(line.get("price", "")),
        1 if quantity is None else quantity,
        None if at is None else datetime.fromtimestamp(at, UTC),
        currency,
        tuple(_line(item, prices, currency) for item in line.get("further", [])),
    )

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
    lines = [line for group in (*items.values(), *changes.values()) for line in group]
    prices: dict[str, Price] = {}
    if lines:
        ids = {line.get("price") for line in lines}
        prices = Price.objects.select_related("product").in_bulk([one for one in ids if one])
    for one in subscriptions:
        one.further_items = [_line(one, item, prices, item.get("current_period_end")) for item in items[one.pk]]
        one.later_changes = [_line(one, change, prices, change.get("at")) for change in changes[one.pk]]


def _line(subscription: Subscription, line: JSON, prices: dict[str, Price], at: int | None) -> PlanLine:
    moment = None if at is None else datetime.fromtimestamp(at, UTC)
    quantity = line.get("quantity")
    price = prices.get(line.get("price", ""))
    return PlanLine(price, 1 if quantity is None else quantity, moment, subscription.currency)

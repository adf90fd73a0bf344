"""Orders: a price and a quantity, of which subscriptions and one-time purchases are made."""

from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.catalog.meters import usage
from sandbox.core import pricing
from sandbox.core.pricing import Part
from sandbox.core.store import Object


@dataclass(frozen=True)
class Order:
    """A price and a quantity; the quantity of a metered price is 0.

    `currency` is the price's own by default. `unit_amount` is what the customer chose to pay for a price with
    `custom_unit_amount`.
    """

    price: Object
    quantity: int
    metadata: dict[str, str] = field(default_factory=dict)
    currency: str | None = None
    unit_amount: int | None = None

    @property
    def is_metered(self) -> bool:
        return usage.is_metered(self.price)

    @property
    def parts(self) -> list[Part]:
        """The parts of the cost, none if it depends on usage."""
        if self.is_metered:
            return []
        if self.unit_amount is not None:
            return [Part(self.quantity, Decimal(self.unit_amount), self.unit_amount * self.quantity)]
        return pricing.parts(self.price, self.quantity, currency=self.currency)

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.parts)

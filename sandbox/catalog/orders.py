"""Orders: a price and a quantity, of which subscriptions and one-time purchases are made."""

from dataclasses import dataclass, field

from sandbox.core import money
from sandbox.core.store import Object


@dataclass(frozen=True)
class Order:
    """A price and a quantity."""

    price: Object
    quantity: int
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        return money.total(self.price, self.quantity)

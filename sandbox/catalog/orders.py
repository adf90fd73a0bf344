"""So many of one price, ordered by somebody: what a subscription or a sale is made of."""

from dataclasses import dataclass, field

from sandbox.core import money
from sandbox.core.store import Object


@dataclass(frozen=True)
class Order:
    """So many of one price, ordered by somebody."""

    price: Object
    quantity: int
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        return money.total(self.price, self.quantity)

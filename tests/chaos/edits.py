"""The base of all edits at Stripe."""

from tests.chaos.columns import Object
from tests.chaos.orders import Choice, Orders
from tests.chaos.processes import Answer, Stripe

DAY = 86_400


class Edits:
    """Edits at Stripe that our site did not make; the edit `pause` is the method `_pause`."""

    def __init__(self, stripe: Stripe, orders: Orders) -> None:
        self._stripe, self._orders = stripe, orders

    def make(self, what: str, choice: Choice) -> Answer | None:
        """Make an edit, and return Stripe's answer; None if there is no object for it."""
        answer: Answer | None = getattr(self, f"_{what}")(choice)
        return answer

    def _running(self, choice: Choice) -> Object | None:
        """Return one of the subscriptions that have not ended."""
        running = self._orders.running()
        return choice.of(running) if running else None

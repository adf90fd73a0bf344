"""Losing the answer of one call to Stripe that took effect, in each way in which that happens."""

from typing import Any
from urllib.parse import urlsplit

from sandbox.transport import InProcessClient
from tests.fixtures import LocalStripe

# The connection breaks, the time is over, or Stripe answers 500; each time the call has taken effect.
WAYS: tuple[str | int, ...] = ("reset", "timeout", 500)


class LosesOneAnswer(InProcessClient):
    """Counts the calls from `lose` on, each with its retries as one, and loses the answer of one of them."""

    def __init__(self, local_stripe: LocalStripe) -> None:
        super().__init__(local_stripe.sandbox)
        self.requests = local_stripe.transport.requests
        self._local_stripe = local_stripe
        self._last: tuple[str, ...] = ()
        self._failed = False
        self._way: str | int = ""
        self._lost = 0
        self.count = 0

    def lose(self, number: int, way: str | int) -> None:
        """Lose the answer of this call from now on; 0 loses none."""
        self.count, self._lost, self._way = 0, number, way
        self._last, self._failed = (), False

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **usage: Any) -> Any:
        key = (headers or {}).get("Idempotency-Key", "")
        call = (method, url, key)
        # The SDK repeats a call that got no answer.
        if not (self._failed and call == self._last):
            self.count += 1
        self._last = call
        self._failed = self.count == self._lost
        if self._failed:
            fault = {"status": self._way, "method": method.upper(), "path": urlsplit(url).path, "after": True}
            self._local_stripe.control("faults", **fault)
        return super().request(method, url, headers, post_data, **usage)

"""The sandbox's own clock: real time plus an offset that only ever grows.

Nothing else in the sandbox asks what time it is, apart from webhook deliveries: their retries and signatures use real
time, because whoever checks a signature does.
"""

import time
from collections.abc import Callable


class Clock:
    """Seconds since the epoch, as Stripe would see them; `real` can be replaced to stand still in a test."""

    def __init__(self, *, real: Callable[[], float] = time.time) -> None:
        self.real = real
        self.offset = 0

    def now(self) -> int:
        return int(self.real()) + self.offset

    def move_to(self, moment: int) -> None:
        """Jump ahead to `moment`; a moment that has passed changes nothing, because time never runs backwards."""
        self.offset += max(0, moment - self.now())

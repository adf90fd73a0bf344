"""The sandbox's clock: real time plus an offset that only grows.

All of the sandbox uses it, except webhook deliveries: retries and signatures use real time, because receivers check
signatures against real time.
"""

import time
from collections.abc import Callable


class Clock:
    """The sandbox's time in seconds since the epoch; a test can pass a `real` that stands still."""

    def __init__(self, *, real: Callable[[], float] = time.time) -> None:
        self.real = real
        self.offset = 0

    def now(self) -> int:
        return int(self.real()) + self.offset

    def move_to(self, moment: int) -> None:
        """Jump ahead to `moment`; a moment in the past changes nothing."""
        self.offset += max(0, moment - self.now())

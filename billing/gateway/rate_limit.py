"""The rate of a sync's calls to Stripe: it falls after each 429 and rises again to a ceiling.

Stripe allows 25 calls a second to one endpoint and answers 429 to more (https://docs.stripe.com/rate-limits).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

# How often a call is repeated after a 429. At the usual ceiling the waits add up to about twenty seconds.
MAX_REPEATS = 8


class Pace:
    """When the next call may be made. All threads of a sync share one."""

    def __init__(self, per_second: float) -> None:
        self.ceiling = per_second
        self.per_second = per_second
        self._next_at = 0.0
        self._slowed_at = float("-inf")
        self._lock = Lock()

    def delay(self, now: float) -> float:
        """Reserve the next slot; returns the seconds to wait for it from `now`, a time of the monotonic clock."""
        with self._lock:
            slot = max(now, self._next_at)
            self._next_at = slot + 1 / self.per_second
            return slot - now

    def slow_down(self, now: float, *, repeat: int) -> None:
        """Reduce the rate by a quarter after a 429, and wait for a gap that doubles with each `repeat`.

        Several threads get a 429 at the same time: within one gap only the first reduces the rate.
        """
        with self._lock:
            gap = 2**repeat / self.per_second
            self._next_at = max(self._next_at, now + gap)
            if now - self._slowed_at > gap:
                self.per_second = max(1.0, self.per_second * 3 / 4)
                self._slowed_at = now

    def speed_up(self) -> None:
        """Raise the rate after an answer; a second's worth of answers raises it by an eighth of the ceiling."""
        with self._lock:
            self.per_second = min(self.ceiling, self.per_second + self.ceiling / 8 / self.per_second)


_pace: ContextVar[Pace | None] = ContextVar("pace", default=None)


@contextmanager
def paced(per_second: float) -> Iterator[Pace]:
    """Make at most `per_second` calls a second inside the block, and repeat calls that get a 429."""
    pace = Pace(per_second)
    token = _pace.set(pace)
    try:
        yield pace
    finally:
        _pace.reset(token)


def current() -> Pace | None:
    return _pace.get()


def take_turn() -> None:
    """Wait until the next call may be made."""
    if pace := _pace.get():
        time.sleep(pace.delay(time.monotonic()))

"""How fast a sync calls Stripe: so many calls a second at most, fewer after each 429, then slowly more again.

Stripe allows 25 calls a second to one endpoint, and answers 429 beyond (https://docs.stripe.com/rate-limits).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

# A 429 is asked again this often; at the usual ceiling the waits then come to some twenty seconds.
MAX_REPEATS = 8


class Pace:
    """When the next call may be made; shared by all threads of a sync."""

    def __init__(self, per_second: float) -> None:
        self.ceiling = per_second
        self.per_second = per_second
        self._next_at = 0.0
        self._slowed_at = float("-inf")
        self._lock = Lock()

    def delay(self, now: float) -> float:
        """Take the next place in the row; returns the seconds to wait for it, from `now` (a monotonic clock's)."""
        with self._lock:
            place = max(now, self._next_at)
            self._next_at = place + 1 / self.per_second
            return place - now

    def slow_down(self, now: float, *, repeat: int) -> None:
        """Stripe answered 429 for the `repeat`-th time: take a quarter off, and leave a gap that doubles each time.

        Several threads meet the same limit together: within one gap that counts once.
        """
        with self._lock:
            gap = 2**repeat / self.per_second
            self._next_at = max(self._next_at, now + gap)
            if now - self._slowed_at > gap:
                self.per_second = max(1.0, self.per_second * 3 / 4)
                self._slowed_at = now

    def speed_up(self) -> None:
        """An answer came: each second's worth of them gives back an eighth of the ceiling."""
        with self._lock:
            self.per_second = min(self.ceiling, self.per_second + self.ceiling / 8 / self.per_second)


_pace: ContextVar[Pace | None] = ContextVar("pace", default=None)


@contextmanager
def paced(per_second: float) -> Iterator[Pace]:
    """Make at most so many calls a second inside the block, and ask again when Stripe answers 429."""
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

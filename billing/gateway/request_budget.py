"""How long one request of the site may wait for Stripe, and how many requests of a process may wait at once.

Without these bounds a slow Stripe takes every thread, and the site answers nobody. A sync, a command and the shell are
not bounded: nobody waits for them.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from billing.errors import StripeBusy

# For all calls of a request together, with their retries. It begins with the first call.
SECONDS = 10.0

# With less time left, a retry could not be answered.
LEAST_FOR_A_RETRY = 1.5


class Waiting:
    """The requests of this process that wait for Stripe."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def take_turn(self, at_most: int) -> bool:
        with self._lock:
            if self.count >= at_most:
                return False
            self.count += 1
            return True

    def give_back(self) -> None:
        with self._lock:
            self.count -= 1


class Budget:
    """The time that one request has for Stripe. It has a turn from its first call until it ends."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.ends_at: float | None = None

    def begin(self) -> None:
        """Take a turn, unless this request has one. Raises StripeBusy if too many requests wait already."""
        if self.ends_at is not None:
            return
        if not waiting.take_turn(self.at_once):
            raise StripeBusy("Too many requests are waiting for Stripe.")
        self.ends_at = time.monotonic() + SECONDS

    def end(self) -> None:
        if self.ends_at is not None:
            waiting.give_back()


waiting = Waiting()
_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def bounded(*, at_once: int) -> Iterator[None]:
    """Bound the time that the calls inside the block take together, and how many such blocks call at once."""
    budget = Budget(at_once)
    token = _budget.set(budget)
    try:
        yield
    finally:
        _budget.reset(token)
        budget.end()


def begin() -> None:
    """Note that a call is about to be made. Raises StripeBusy if too many requests wait already."""
    if budget := _budget.get():
        budget.begin()


def seconds_left() -> float | None:
    """Return what is left of the time, zero or less if it is over; None if there is no bound."""
    budget = _budget.get()
    return None if budget is None or budget.ends_at is None else budget.ends_at - time.monotonic()


def is_too_late_for_a_retry() -> bool:
    left = seconds_left()
    return left is not None and left < LEAST_FOR_A_RETRY

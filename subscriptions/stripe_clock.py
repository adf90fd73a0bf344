"""Stripe's clock without a call to Stripe: our clock, plus the offset that was measured last.

With Stripe the offset is zero; with the sandbox, whose clock can be moved, it is not.
"""

import time
from datetime import datetime, timedelta

from django.apps import apps
from django.utils import timezone

from subscriptions import our_clock

# Seconds for which a process keeps the offset that it read.
CACHE_SECONDS = 10

# Stripe's times are whole seconds, and calls and deliveries take a while; a smaller difference counts as none.
CLOCKS_AGREE_WITHIN = timedelta(seconds=30)

# A moment further ahead is a mistake: the sandbox's clock is moved by months.
MOST_AHEAD = timedelta(days=3650)

_cached: tuple[float, timedelta] | None = None


def now() -> datetime:
    """Return the time on Stripe's clock; one query every ten seconds."""
    return timezone.now() + offset()


def heard(moment: datetime) -> None:
    """Raise the offset if Stripe's clock must have reached this moment: an event came from later than we assumed."""
    ahead = moment - timezone.now()
    if CLOCKS_AGREE_WITHIN < moment - now() < MOST_AHEAD:
        states = apps.get_model("subscriptions", "SyncState").objects
        states.filter(pk="sync").update(clock_offset=round(ahead.total_seconds()))
        forget()


def forget() -> None:
    """Read the offset again at the next call."""
    global _cached  # noqa: PLW0603  (one per process)
    _cached = None


def offset() -> timedelta:
    """Return how far Stripe's clock was ahead of ours at the last answer or event."""
    global _cached  # noqa: PLW0603  (one per process)
    if _cached is None or time.monotonic() - _cached[0] > CACHE_SECONDS:
        # Not imported, because the models import this module.
        states = apps.get_model("subscriptions", "SyncState").objects.values_list("clock_offset", "last_pass_at")
        seconds, measured_at = states.first() or (0, None)
        # Measured with a clock that was ahead, it says nothing about the clock that has been put right.
        is_wrong = our_clock.is_impossible(measured_at, now=timezone.now())
        _cached = time.monotonic(), timedelta(seconds=0 if is_wrong else seconds)
    return _cached[1]

"""Stripe's time, for times that Stripe compares with its clock.

Stripe itself has the same time as we. The sandbox's clock can be moved, so the site sets a function that reads it.
"""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

_read: Callable[[], datetime] = timezone.now


def now() -> datetime:
    return _read()


def use(read: Callable[[], datetime]) -> None:
    """Read Stripe's time from this function; called once, as the site starts."""
    global _read  # noqa: PLW0603  (one per process)
    _read = read

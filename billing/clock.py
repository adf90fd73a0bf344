"""The time that Stripe goes by, for what Stripe compares with its clock.

With Stripe that is ours. Who measures a difference (the sandbox's clock can be moved) says so here.
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

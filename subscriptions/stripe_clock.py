"""Stripe's time, without asking Stripe: our clock, and how far Stripe's was ahead when we last heard from it.

With Stripe itself the two agree; with the sandbox, whose clock can be moved, they do not.
"""

import time
from datetime import datetime, timedelta

from django.apps import apps
from django.utils import timezone

# Seconds for which a process trusts the offset that it read.
TRUSTED_FOR = 10

# Stripe's times are whole seconds, and a call or a delivery takes some.
CLOCKS_AGREE_WITHIN = timedelta(seconds=30)

_known: tuple[float, timedelta] | None = None


def now() -> datetime:
    """What Stripe's clock shows; one query every ten seconds, else none."""
    return timezone.now() + offset()


def heard(moment: datetime) -> None:
    """Take note that Stripe's clock has reached this moment: an event came that is ahead of what we thought."""
    ahead = moment - timezone.now()
    if moment - now() > CLOCKS_AGREE_WITHIN:
        states = apps.get_model("subscriptions", "SyncState").objects
        states.filter(pk="sync").update(clock_offset=round(ahead.total_seconds()))
        forget()


def forget() -> None:
    """Read the offset again at the next need."""
    global _known  # noqa: PLW0603  (one per process)
    _known = None


def offset() -> timedelta:
    """How far Stripe's clock was ahead of ours when the sync last heard from it."""
    global _known  # noqa: PLW0603  (one per process)
    if _known is None or time.monotonic() - _known[0] > TRUSTED_FOR:
        # Not imported: the models ask this module for the time.
        offsets = apps.get_model("subscriptions", "SyncState").objects.values_list("clock_offset", flat=True)
        _known = time.monotonic(), timedelta(seconds=offsets.first() or 0)
    return _known[1]

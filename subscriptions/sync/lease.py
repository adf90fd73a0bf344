"""The lease that lets one sync run at a time, on any number of machines: it expires if its holder dies."""

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from subscriptions import our_clock
from subscriptions.models import SyncState

# Longer than the longest single wait for Stripe, with its retries.
LEASE = timedelta(minutes=2)


class LeaseHeld(Exception):
    """Another sync is running; the message says which, and until when its lease lasts."""


class LeaseLost(LeaseHeld):
    """Another sync took over, because this one did not extend its lease in time."""


@contextmanager
def held() -> Iterator[str]:
    """Hold the lease for a block, and yield the holder's name. Raises LeaseHeld if another sync has it."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    SyncState.objects.get_or_create(pk=SyncState.THE_ONE)
    if not _take(holder, timezone.now()):
        raise LeaseHeld(_who_holds())
    try:
        yield holder
    finally:
        _holding(holder).update(lease_holder="", lease_until=None)


def advance(holder: str, **position: Any) -> None:
    """Extend the lease, and save these columns of the sync's state. Raises LeaseLost if another sync has the lease."""
    if not _holding(holder).update(lease_until=timezone.now() + LEASE, **position):
        raise LeaseLost("another sync has taken over; it continues from the last saved position")


def _take(holder: str, now: datetime) -> bool:
    wrong = our_clock.impossible("lease_until", now=now, at_most=LEASE)
    free = Q(lease_until=None) | Q(lease_until__lt=now) | wrong
    taken = SyncState.objects.filter(free, pk=SyncState.THE_ONE).update(lease_holder=holder, lease_until=now + LEASE)
    return taken == 1


def _who_holds() -> str:
    state = SyncState.objects.get(pk=SyncState.THE_ONE)
    if state.lease_until is None:
        return "another sync has just ended"
    return f"{state.lease_holder} is syncing (until {state.lease_until:%Y-%m-%d %H:%M:%S} UTC at the latest)"


def _holding(holder: str) -> "QuerySet[SyncState]":
    return SyncState.objects.filter(pk=SyncState.THE_ONE, lease_holder=holder)

"""The history of subscriptions: each write that a person would call a change saves one line, with its cause.

The cause is set once, where work begins: `with history.caused_by("sync", run_id)`. The line is stored on the
subscription's own row in the same write and becomes a StatusChange afterwards, so a killed process loses no line,
also on a database without transactions.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from billing.gateway.snapshots import JSON
from subscriptions.models import StatusChange, Subscription

# The namespace of history ids: one write has one id, whichever process saves its line.
HISTORY_IDS = uuid.UUID("6f1d3c52-94d8-4b53-9d0e-2f2d0b7c6a11")


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what brought a change: an event, a sync run or a person (`kind`), and its id."""

    kind: str = ""
    id: str = ""


_cause: ContextVar[Callable[[], Cause]] = ContextVar("cause", default=Cause)


@contextmanager
def caused_by(kind: str, cause_id: str = "") -> Iterator[None]:
    """Record changes inside the block as brought by this cause; the innermost block counts."""
    with caused_by_result_of(lambda: Cause(kind, cause_id)):
        yield


@contextmanager
def caused_by_result_of(find_cause: Callable[[], Cause]) -> Iterator[None]:
    """Like `caused_by`, for a cause that is looked up only when a change is recorded."""
    token = _cause.set(find_cause)
    try:
        yield
    finally:
        _cause.reset(token)


def current_cause() -> Cause:
    return _cause.get()()


def line_for(before: Subscription | None, after: Subscription) -> JSON | None:
    """Return the line that this write adds to the history; None when nothing that people see has changed.

    `before` is the row that the write replaces. A line that its writer was killed before saving is saved here.
    """
    if before is not None and before.unsaved_history_line:
        save_line(before)
    if after.known_until is None or (before and _shown_state(before) == _shown_state(after)):
        return None
    cause = current_cause()
    return {
        "id": str(uuid.uuid5(HISTORY_IDS, f"{after.pk} {after.version}")),
        "from_status": before.status if before else "",
        "to_status": after.status,
        "from_price_id": before.price_id if before else None,
        "to_price_id": after.price_id,
        "from_quantity": before.quantity if before else None,
        "to_quantity": after.quantity,
        "cancels_at": after.cancels_at and after.cancels_at.isoformat(),
        "from_cancels_at": before and before.cancels_at and before.cancels_at.isoformat(),
        "from_pause": before.pause_behavior if before else "",
        "to_pause": after.pause_behavior,
        "pause_resumes_at": after.pause_resumes_at and after.pause_resumes_at.isoformat(),
        "paused_because": after.paused_because,
        "cause_kind": cause.kind,
        "cause_id": cause.id,
        "changed_at": after.known_until.isoformat(),
    }


def save_line(subscription: Subscription) -> None:
    """Save the line that came with the row's last write; a second call changes nothing."""
    if not subscription.unsaved_history_line:
        return
    line = dict(subscription.unsaved_history_line)
    for moment in ("changed_at", "cancels_at", "from_cancels_at", "pause_resumes_at"):
        line[moment] = line.get(moment) and datetime.fromisoformat(line[moment])
    # Another process may have saved it at the same time.
    with suppress(IntegrityError), transaction.atomic():
        StatusChange.objects.create(subscription_id=subscription.pk, **line)
    Subscription.objects.filter(pk=subscription.pk, version=subscription.version).update(unsaved_history_line=None)
    subscription.unsaved_history_line = None


def save_all_lines() -> None:
    """Save every line that a killed process left on its row: no list of Stripe's shows that it is missing."""
    for subscription in Subscription.objects.filter(unsaved_history_line__isnull=False):
        save_line(subscription)


def _shown_state(subscription: Subscription) -> tuple[Any, ...]:
    return (
        subscription.status,
        subscription.price_id,
        subscription.quantity,
        subscription.cancels_at,
        subscription.pause_behavior,
        subscription.pause_resumes_at,
    )

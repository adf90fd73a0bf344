"""The inbox: every event is stored once and handled once, and what failed can be replayed.

Webhooks and the sync both bring events here. What each type does is in handlers.py.
"""

import logging
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.utils import timezone

from billing import gateway
from billing.gateway.snapshots import JSON, Event
from billing.mirror.engine import Mirrored
from billing.mirror.isolation import is_away, reason_for
from billing.mirror.validation import UnreadableObject, check_storable
from subscriptions import our_clock, stripe_clock
from subscriptions.mirror import history
from subscriptions.models import WebhookEvent
from subscriptions.webhooks import content, handlers, origin, thin_events

logger = logging.getLogger(__name__)

State, Source = WebhookEvent.State, WebhookEvent.Source

# A worker that has held an event this long has died. It is less than a sync's lease: the sync that follows a killed
# one can claim the events which that one held.
STALE_AFTER = timedelta(seconds=100)

# The sync tries a failed event this often; staff can replay it at any time. A try that fails because Stripe or the
# database is away does not count.
MAX_ATTEMPTS = 20

# Of an event that was tried so often and never ended.
WORKER_DIED = "Each worker that handled this event was killed."


class BeingHandled(Exception):
    """Another worker is handling this event."""


class Outcome(NamedTuple):
    """Events that were handled together, and the result; None if they failed."""

    entries: Sequence[WebhookEvent]
    result: Mirrored[Any] | None


class Replayed(NamedTuple):
    """An event that was replayed, and the error if it failed again."""

    entry: WebhookEvent
    error: Exception | None


def receive(*, body: bytes, signature: str) -> WebhookEvent:
    """Store the event of a webhook request and handle it; a duplicate of a finished one only returns its entry.

    One that can't be read is stored as failed, and there is no use in Stripe's sending it again. Raises
    WebhookRejected, StripeMisconfigured, BeingHandled, or the error of the handler: Stripe then sends it again.
    """
    event, payload = gateway.verified_event(body, signature)
    if not origin.foreign_reason(event):
        stripe_clock.heard(event.created_at)
    entry = store(event, payload, source=Source.WEBHOOK)
    if entry.source == Source.SYNC:
        # The sync was merely faster; an event that keeps it as its source was never delivered.
        WebhookEvent.objects.filter(pk=entry.pk).update(source=Source.WEBHOOK)
    if entry.state not in WebhookEvent.FINAL:
        with suppress(UnreadableObject):
            process(entry)
    return entry


def store(event: Event, payload: JSON, *, source: str) -> WebhookEvent:
    """Return the entry of an event, creating it if there is none; one that no database stores is created as failed.

    Of an event that is not ours, only that it came and why it is ignored is stored; of one about a person who was
    erased, only that it came.
    """
    foreign = origin.foreign_reason(event)
    columns: dict[str, Any] = {"state": State.IGNORED, "foreign": foreign}
    is_handled = not foreign and handlers.handler_of(event) is not None
    if is_handled and (kept := content.storable(event, payload)) is not None:
        try:
            check_storable(kept)
            columns = {"state": State.RECEIVED, "payload": kept}
        except UnreadableObject as error:
            columns = {"state": State.FAILED, "error": str(error)}
    columns |= {"type": event.type, "source": source, "stripe_created_at": event.created_at}
    return WebhookEvent.objects.get_or_create(pk=event.id, defaults=columns)[0]


def process(entry: WebhookEvent) -> Mirrored[Any]:
    """Handle one event; raises BeingHandled, or the error that made it fail."""
    if not claim(entry):
        raise BeingHandled(entry.pk)
    return handle([entry])


def replay(entries: Iterable[WebhookEvent]) -> Iterator[Replayed]:
    """Handle each of these events again, finished ones too, and yield it when that is done.

    There is nothing to handle in an event whose content is not stored: a failed one counts as ignored from then on.
    """
    for entry in entries:
        error: Exception | None = None
        try:
            _replay(entry)
        except Exception as failure:  # noqa: BLE001  (recorded and logged by `handle`; the others go on)
            error = failure
        yield Replayed(entry, error)


def _replay(entry: WebhookEvent) -> None:
    rows = WebhookEvent.objects.filter(pk=entry.pk)
    if entry.payload:
        rows.filter(state__in=WebhookEvent.FINAL).update(state=State.RECEIVED)
        process(entry)
    elif rows.filter(state=State.FAILED).update(state=State.IGNORED, processed_at=timezone.now()):
        entry.state = State.IGNORED


def retry_due(*, now: datetime) -> list[WebhookEvent]:
    """Return events that failed, or whose worker died, and that the sync should try again.

    Those that were tried longest ago come first. One whose worker died at the last attempt counts as failed from then
    on.
    """
    died = _has_died(now) | Q(state=State.RECEIVED) & _is_stale("received_at", now)
    due = WebhookEvent.objects.filter(died | Q(state=State.FAILED, attempts__lt=MAX_ATTEMPTS))
    entries = list(due.order_by("claimed_at", "stripe_created_at")[:100])
    if given_up := [entry.pk for entry in entries if is_given_up(entry)]:
        # Unless another worker has it by now.
        rows = WebhookEvent.objects.filter(died, pk__in=given_up)
        rows.update(state=State.FAILED, error=WORKER_DIED, processed_at=timezone.now())
    return [entry for entry in entries if not is_given_up(entry)]


def is_given_up(entry: WebhookEvent) -> bool:
    """Whether the sync has tried this event as often as it does."""
    return entry.attempts >= MAX_ATTEMPTS


def claim(entry: WebhookEvent) -> bool:
    """Claim an unfinished event by compare-and-set; False if another worker has it or has finished it."""
    now = timezone.now()
    # The claim is recognised by its time, and MongoDB stores milliseconds.
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    free = Q(state__in=[State.RECEIVED, State.FAILED]) | _has_died(now)
    claimed = WebhookEvent.objects.filter(free, pk=entry.pk).update(
        state=State.PROCESSING, claimed_at=now, attempts=F("attempts") + 1
    )
    entry.claimed_at = now
    return claimed == 1


def _has_died(now: datetime) -> Q:
    """Whether the worker that has claimed an event has died."""
    return Q(state=State.PROCESSING) & _is_stale("claimed_at", now)


def _is_stale(column: str, now: datetime) -> Q:
    """Whether a worker that began at this time must have stopped, or a wrong clock stored a time in the future."""
    return Q(**{f"{column}__lt": now - STALE_AFTER}) | our_clock.impossible(column, now=now)


def handle_each(entries: Sequence[WebhookEvent]) -> list[Outcome]:
    """Handle claimed events about one object: together, or one by one if one of them can't be read."""
    try:
        return [Outcome(entries, handle(entries))]
    except Exception as error:  # noqa: BLE001  (recorded and logged by `handle`)
        if len(entries) > 1 and isinstance(error, UnreadableObject):
            return [outcome for entry in entries for outcome in handle_each([entry])]
        return [Outcome(entries, None)]


def handle(entries: Sequence[WebhookEvent]) -> Mirrored[Any]:
    """Handle claimed events about one object together; records their state, and raises the error if they failed."""
    try:
        events = [_read(entry) for entry in entries]
        if foreign := origin.foreign_reason(events[0]):
            # Stored when the key was another one.
            return _ignore(entries, foreign)
        result = _handled(events)
    except Exception as error:
        # An event may use up all memory by itself.
        is_counted = not is_away(error) or isinstance(error, MemoryError)
        _finish(entries, State.FAILED, error=_described(error), is_counted=is_counted)
        logger.warning("event failed: %s (%s)", ", ".join(entry.pk for entry in entries), type(error).__name__)
        raise
    # The content of what concerns nobody here, or somebody who was erased, is not kept.
    _finish(entries, State.DONE, keeps_payload=result.row is not None)
    return result


def _handled(events: Sequence[Event]) -> Mirrored[Any]:
    with history.caused_by("event", events[-1].id):
        events = thin_events.with_object(events)
        # Read as often as it is replayed: a type may have been handled when the event was stored.
        handler = handlers.handler_of(events[0]) if events else None
        return handler(events) if handler else Mirrored(None, was_written=False)


def _ignore(entries: Sequence[WebhookEvent], foreign: str) -> Mirrored[Any]:
    _finish(entries, State.IGNORED, keeps_payload=False, foreign=foreign)
    return Mirrored(None, was_written=False)


def group_by_object(entries: Iterable[WebhookEvent]) -> list[list[WebhookEvent]]:
    """Return events grouped by the object they are about, oldest first; one that can't be read is alone."""
    groups: dict[str, list[WebhookEvent]] = {}
    for entry in sorted(entries, key=lambda entry: entry.stripe_created_at):
        groups.setdefault(_object_key(entry), []).append(entry)
    return list(groups.values())


def _object_key(entry: WebhookEvent) -> str:
    try:
        event = _read(entry)
    except UnreadableObject:
        return entry.pk
    # Objects of two accounts may have one id: that of a product is chosen.
    return f"{origin.foreign_reason(event)} {event.object.get('object')} {event.object.get('id')}"


def _read(entry: WebhookEvent) -> Event:
    if not entry.payload:
        raise UnreadableObject(entry.error or "The content of this event is not stored.")
    try:
        return Event.from_payload(entry.payload)
    except ValueError as error:
        raise UnreadableObject(f"This is not an event: {error}.") from error


def _described(error: Exception) -> str:
    """Return what staff read of an error: a line, or its traceback where the line says too little."""
    if isinstance(error, UnreadableObject):
        return reason_for(error)
    # Without the errors that it was raised from: the SDK's own hold whole answers.
    text = traceback.format_exc(limit=-8, chain=False)
    return text.replace("\0", "").encode(errors="backslashreplace").decode()


def _finish(
    entries: Sequence[WebhookEvent],
    state: WebhookEvent.State,
    *,
    error: str = "",
    keeps_payload: bool = True,
    is_counted: bool = True,
    foreign: str = "",
) -> None:
    columns: dict[str, Any] = {"state": state, "error": error, "processed_at": timezone.now(), "foreign": foreign}
    if not is_counted:
        columns["attempts"] = F("attempts") - 1
    if not keeps_payload:
        columns["payload"] = {}
    # Not if it was erased meanwhile, or if the claim expired and another worker has the event, or has finished it.
    held = WebhookEvent.objects.filter(claimed_at__in={entry.claimed_at for entry in entries})
    held.filter(pk__in=[entry.pk for entry in entries]).exclude(state__in=WebhookEvent.FINAL).update(**columns)
    for entry in entries:
        entry.state = state

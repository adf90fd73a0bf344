"""The inbox: each event is taken in once, worked once, and kept when it failed, whoever brought it."""

import logging
import traceback
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from billing import gateway
from billing.gateway.snapshots import JSON, Event
from billing.mirror.engine import Mirrored
from subscriptions import stripe_clock
from subscriptions.mirror import history
from subscriptions.models import WebhookEvent
from subscriptions.webhooks import handlers, validation

logger = logging.getLogger(__name__)

State, Source = WebhookEvent.State, WebhookEvent.Source

# A worker that has held an event this long is taken for dead. It is less than a sync's lease, so that the sync which
# follows a killed one finds the events which that had in hand free.
STALE_AFTER = timedelta(seconds=100)

# The sync tries a failed event again this often; staff can always do it by hand.
MAX_ATTEMPTS = 20


class BeingHandled(Exception):
    """Another worker has this very event in hand."""


# Which object an event's type is about; of two that match, the longer one stands first.
ABOUT = {
    "product.": "product",
    "price.": "price",
    "promotion_code.": "promotion_code",
    "customer.subscription.": "subscription",
    "customer.": "customer",
    "checkout.session.": "checkout.session",
    "payment_intent.": "payment_intent",
    "invoice.": "invoice",
    "refund.": "refund",
    "subscription_schedule.": "subscription_schedule",
}


def receive(*, body: bytes, signature: str) -> WebhookEvent:
    """Take in a webhook request and work its event; a duplicate of a finished one is answered at once.

    Raises WebhookRejected, StripeMisconfigured, BeingHandled, or whatever made the work fail: Stripe then comes again.
    """
    event, payload = gateway.verified_event(body, signature)
    _refuse_illegible(event, payload)
    stripe_clock.heard(event.created_at)
    entry = store(event, payload, source=Source.WEBHOOK)
    if entry.source == Source.SYNC:
        # The sync was merely faster; an event that keeps it as its source was never delivered.
        WebhookEvent.objects.filter(pk=entry.pk).update(source=Source.WEBHOOK)
    if entry.state not in WebhookEvent.FINAL:
        process(entry)
    return entry


def _refuse_illegible(event: Event, payload: JSON) -> None:
    """Turn away what a handler would stumble over each time it is sent again."""
    about = next((name for prefix, name in ABOUT.items() if event.type.startswith(prefix)), None)
    if about is None or event.type not in handlers.HANDLERS:
        return
    try:
        validation.check(event, payload, about=about)
    except validation.InvalidEvent as error:
        raise gateway.WebhookRejected(f"Not an event that can be read: {error}.") from error


def store(event: Event, payload: JSON, *, source: str) -> WebhookEvent:
    """The inbox's entry for an event; the first to bring it makes it."""
    is_ours = event.type in handlers.HANDLERS
    entry, _ = WebhookEvent.objects.get_or_create(
        pk=event.id,
        defaults={
            "type": event.type,
            "source": source,
            "state": State.RECEIVED if is_ours else State.IGNORED,
            "stripe_created_at": event.created_at,
            "payload": payload if is_ours else {},
        },
    )
    return entry


def process(entry: WebhookEvent) -> Mirrored[Any]:
    """Work one event; raises BeingHandled, or what made it fail."""
    if not claim(entry):
        raise BeingHandled(entry.pk)
    return handle([entry])


def replay(entry: WebhookEvent) -> None:
    """Work an event once more, a finished one too; raises BeingHandled, or what made it fail.

    An event of a type that was unknown when it came was not kept, so there is nothing to work.
    """
    if entry.payload:
        WebhookEvent.objects.filter(pk=entry.pk, state__in=WebhookEvent.FINAL).update(state=State.RECEIVED)
        process(entry)


def retry_due(*, now: datetime) -> list[WebhookEvent]:
    """Events that failed, or whose worker died, and that the sync should try again, oldest first."""
    died = Q(state=State.PROCESSING, claimed_at__lt=now - STALE_AFTER) | Q(
        state=State.RECEIVED, received_at__lt=now - STALE_AFTER
    )
    due = WebhookEvent.objects.filter(died | Q(state=State.FAILED, attempts__lt=MAX_ATTEMPTS))
    return list(due.order_by("stripe_created_at")[:100])


def claim(entry: WebhookEvent) -> bool:
    """Take an unfinished event in hand, by compare-and-set; False when somebody else has it or has finished it."""
    now = timezone.now()
    free = Q(state__in=[State.RECEIVED, State.FAILED]) | Q(state=State.PROCESSING, claimed_at__lt=now - STALE_AFTER)
    claimed = WebhookEvent.objects.filter(free, pk=entry.pk).update(
        state=State.PROCESSING, claimed_at=now, attempts=F("attempts") + 1
    )
    return claimed == 1


def handle(entries: Sequence[WebhookEvent]) -> Mirrored[Any]:
    """Work claimed events about one and the same object, together; raises what made them fail, having recorded it."""
    events = [Event.from_payload(entry.payload) for entry in entries]
    try:
        with history.caused_by("event", events[-1].id):
            result = handlers.HANDLERS[events[0].type](events)
    except Exception as error:
        # Without what it was raised from: the SDK's own errors hold whole answers.
        _finish(entries, State.FAILED, error=traceback.format_exc(limit=-8, chain=False))
        logger.warning("event failed: %s (%s)", ", ".join(event.id for event in events), type(error).__name__)
        raise
    # What concerns nobody here, or somebody who was erased, is not kept.
    _finish(entries, State.DONE, keeps_payload=result.row is not None)
    return result


def group_by_object(entries: Iterable[WebhookEvent]) -> list[list[WebhookEvent]]:
    """Events grouped by the object they are about, oldest first."""
    groups: dict[tuple[str | None, str | None], list[WebhookEvent]] = {}
    for entry in sorted(entries, key=lambda entry: entry.stripe_created_at):
        obj = entry.payload["data"]["object"]
        groups.setdefault((obj.get("object"), obj.get("id")), []).append(entry)
    return list(groups.values())


def _finish(
    entries: Sequence[WebhookEvent], state: WebhookEvent.State, *, error: str = "", keeps_payload: bool = True
) -> None:
    columns: dict[str, Any] = {"state": state, "error": error, "processed_at": timezone.now()}
    if not keeps_payload:
        columns["payload"] = {}
    WebhookEvent.objects.filter(pk__in=[entry.pk for entry in entries]).update(**columns)
    for entry in entries:
        entry.state = state

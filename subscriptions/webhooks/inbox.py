"""The inbox: each event is taken in once, worked once, and kept when it failed, whoever brought it."""

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from billing import gateway
from billing.gateway.snapshots import JSON, Event
from billing.mirror import engine
from billing.mirror.engine import Mirrored, apply_events
from billing.mirror.kinds import PRICE, PRODUCT, PROMOTION_CODE
from subscriptions import stripe_clock
from subscriptions.customers import services as customers
from subscriptions.mirror import history, kinds, mapping
from subscriptions.models import CheckoutSession, Subscription, SubscriptionSchedule, WebhookEvent
from subscriptions.payments import refunds
from subscriptions.webhooks import validation

logger = logging.getLogger(__name__)

State, Source = WebhookEvent.State, WebhookEvent.Source

# A worker that has held an event this long is taken for dead. It is less than a sync's lease, so that the sync which
# follows a killed one finds the events which that had in hand free.
STALE_AFTER = timedelta(seconds=100)

# The sync tries a failed event again this often; staff can always do it by hand.
MAX_ATTEMPTS = 20

Handler = Callable[[Sequence[Event]], Mirrored[Any]]


class BeingHandled(Exception):
    """Another worker has this very event in hand."""


def _session_changed(events: Sequence[Event]) -> Mirrored[CheckoutSession]:
    """Mirror a session; what it brought comes in events of its own, save for a free order, which has no other."""
    result = apply_events(kinds.SESSION, events)
    newest = max(events, key=lambda event: event.created_at)
    if mapping.is_free_order(newest.object):
        apply_events(kinds.FREE_ORDER, [newest])
    return result


def _subscription_changed(events: Sequence[Event]) -> Mirrored[Subscription]:
    """Mirror a subscription; one made in the dashboard may bring a customer or a schedule that we have not met."""
    result = apply_events(kinds.SUBSCRIPTION, events)
    if result.row is not None:
        history.save_line(result.row)
    if result.row is not None and result.row.customer_id:
        customers.ensure_known(result.row.customer_id)
    if result.row is not None and result.row.schedule_id:
        _meet_schedule(result.row.schedule_id)
    if result.row is not None:
        _part_from_schedules(result.row)
    return result


def _meet_schedule(schedule_id: str) -> None:
    """Fetch a schedule that was made with all its phases, so that no event but its creation tells of it."""
    if engine.find(kinds.SCHEDULE, schedule_id) is None:
        engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.retrieve_schedule(schedule_id))


def _part_from_schedules(subscription: Subscription) -> None:
    """Fetch the schedules that managed it and no longer do: of a release no event tells that the sync lists."""
    managing = SubscriptionSchedule.objects.filter(subscription=subscription.pk, status__in=SubscriptionSchedule.LIVE)
    for pk in managing.exclude(pk=subscription.schedule_id or "").values_list("pk", flat=True):
        engine.apply_answer(kinds.SCHEDULE, pk, partial(gateway.retrieve_schedule, pk))


_product = partial(apply_events, PRODUCT)
_price = partial(apply_events, PRICE)
_promotion_code = partial(apply_events, PROMOTION_CODE)
_customer = partial(apply_events, kinds.CUSTOMER)
_payment = partial(apply_events, kinds.PAYMENT)
_invoice = partial(apply_events, kinds.INVOICE)
_schedule = partial(apply_events, kinds.SCHEDULE)

# Events that concern us, each with its reason. The sync asks for these in one call, and Stripe lists 20 types in one.
LISTED_BY_SYNC: dict[str, Handler] = {
    "product.created": _product,  # made in the dashboard
    "product.updated": _product,  # renamed, described, archived, another default price
    "product.deleted": _product,  # gone for good
    "price.created": _price,
    "price.updated": _price,  # archived, restored
    "price.deleted": _price,
    "customer.updated": _customer,  # another e-mail address or name
    "customer.deleted": _customer,  # the person needs another customer
    "checkout.session.completed": _session_changed,  # paid, or paying by a slow method
    "customer.subscription.created": _subscription_changed,
    "customer.subscription.updated": _subscription_changed,  # renewed, changed, overdue, cancel scheduled
    "customer.subscription.deleted": _subscription_changed,  # ended
    "payment_intent.succeeded": _payment,  # a one-time purchase is paid
    "invoice.finalized": _invoice,  # has a number and a page where it can be paid
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,  # tried, and when Stripe tries again
    "invoice.voided": _invoice,
    "invoice.marked_uncollectible": _invoice,
    "refund.created": refunds.refund_changed,  # by staff, here or in the dashboard
    "subscription_schedule.updated": _schedule,  # a change of plan waits, or no longer does
}

# Events that a webhook brings, and that the sync need not ask for: another event or the reconcile tells as much.
WEBHOOK_ONLY: dict[str, Handler] = {
    "promotion_code.created": _promotion_code,  # the reconcile reads all of them
    "promotion_code.updated": _promotion_code,  # used once more, archived
    "customer.created": _customer,  # ours are known, and the others come with their first subscription
    "checkout.session.expired": _session_changed,  # looked up before the claim is used again
    "checkout.session.async_payment_succeeded": _session_changed,  # with payment_intent.succeeded
    "checkout.session.async_payment_failed": _session_changed,
    "payment_intent.payment_failed": _payment,  # the reconcile asks for payments that are on their way
    "customer.subscription.paused": _subscription_changed,  # with customer.subscription.updated
    "customer.subscription.resumed": _subscription_changed,  # with customer.subscription.updated
    "customer.subscription.trial_will_end": _subscription_changed,
    "invoice.created": _invoice,  # a draft; nobody sees it before it is finalized
    "invoice.updated": _invoice,
    "refund.updated": refunds.refund_changed,
    "refund.failed": refunds.refund_changed,
    "subscription_schedule.created": _schedule,
    "subscription_schedule.released": _schedule,  # with customer.subscription.updated
    "subscription_schedule.completed": _schedule,  # with customer.subscription.updated
    "subscription_schedule.canceled": _schedule,  # with customer.subscription.updated
    "subscription_schedule.aborted": _schedule,  # with customer.subscription.updated
}

HANDLERS = LISTED_BY_SYNC | WEBHOOK_ONLY

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
    if about is None or event.type not in HANDLERS:
        return
    try:
        validation.check(event, payload, about=about)
    except validation.InvalidEvent as error:
        raise gateway.WebhookRejected(f"Not an event that can be read: {error}.") from error


def store(event: Event, payload: JSON, *, source: str) -> WebhookEvent:
    """The inbox's entry for an event; the first to bring it makes it."""
    is_ours = event.type in HANDLERS
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
            result = HANDLERS[events[0].type](events)
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

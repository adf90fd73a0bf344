"""The sync: a pass over the new events, and from time to time a full reconcile.

A pass without new events is one call to Stripe, however many subscriptions there are.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from billing import gateway
from billing.errors import StripeFailure
from billing.gateway.snapshots import JSON, Event
from billing.mirror.isolation import failed_object
from subscriptions import our_clock, stripe_clock
from subscriptions.customers import details
from subscriptions.mirror import history
from subscriptions.models import SyncRun, SyncState, WebhookEvent
from subscriptions.people import lookup
from subscriptions.sync import (
    inactive_customers,
    lease,
    reconcile,
    run_log,
    scan,
)
from subscriptions.sync.context import ReconcileContext, SubscriptionCallback, SyncResults
from subscriptions.sync.progress import SILENT, Interrupted, Progress
from subscriptions.webhooks import handlers, inbox, origin

logger = logging.getLogger(__name__)

# Each pass lists events from this long before the watermark: Stripe may list an event late.
OVERLAP = timedelta(minutes=2)

# Stripe lists events for 30 days (https://docs.stripe.com/api/events); a day less leaves room for a long pass.
EVENTS_ARE_KEPT = timedelta(days=29)

# These are no failures: the next run goes on from there.
STOPPED = (Interrupted, lease.LeaseLost, KeyboardInterrupt, SystemExit)


class ListedEvent(NamedTuple):
    """An event that Stripe listed, and the same as JSON."""

    event: Event
    payload: JSON


def run(
    *,
    full: bool = False,
    now: datetime,
    progress: Progress = SILENT,
    on_subscription: SubscriptionCallback | None = None,
) -> tuple[SyncRun, SyncResults]:
    """Make one pass, and a full reconcile if asked for or due. The run says whether everything was done.

    `on_subscription` is called for each subscription that is compared or had an event. Raises LeaseHeld if another
    sync is running, LeaseLost if one took over half-way, Interrupted if `progress` asks for a stop.
    """
    pace = gateway.paced(settings.STRIPE_MAX_RPS)
    with lease.held() as holder, pace, gateway.counting() as calls:
        sync_run, results, was_stopped = SyncRun(is_full=full, started_at=now), SyncResults(on_subscription), False
        try:
            with history.caused_by("sync", str(sync_run.pk)):
                _sync(ReconcileContext(holder, results, progress, now), sync_run)
        except StripeFailure as error:
            logger.warning("sync stopped: %s", type(error).__name__)
            sync_run.error = f"{type(error).__name__}: {error}"
        except BaseException as error:
            sync_run.error = type(error).__name__
            was_stopped = isinstance(error, STOPPED)
            raise
        finally:
            run_log.record_end(sync_run, results, stripe_calls=calls.total, was_stopped=was_stopped)
    return sync_run, results


def _sync(context: ReconcileContext, sync_run: SyncRun) -> None:
    results = context.results
    if sync_run.is_full:
        scan.mark_pending(context)
    _pass(context.holder, results)
    details.send_due()
    sync_run.is_full = sync_run.is_full or _is_full_due(context.now)
    customers: Iterable[str] = sorted(results.customers)
    go_on = partial(_go_on, context, "customers")
    if sync_run.is_full:
        _reconcile(context, sync_run)
        customers = inactive_customers.candidates(before_each=go_on)
    if not results.failed and not results.has_failed_customers:
        # What failed may be somebody's new subscription.
        results.archived = inactive_customers.archive_inactive(customers, now=context.now, before_each=go_on)
    if sync_run.is_full:
        # Until here a run that was stopped is continued by the next.
        lease.advance(context.holder, full_cursor=None)
    sync_run.is_complete = not results.failed


def _go_on(context: ReconcileContext, what: str) -> None:
    """Extend the lease during long work. Raises LeaseLost, or Interrupted if the progress asks for a stop."""
    lease.advance(context.holder)
    context.progress.step(0, what)


def _reconcile(context: ReconcileContext, sync_run: SyncRun) -> None:
    is_first = not SyncRun.objects.filter(is_full=True, is_complete=True).exists()
    reconcile.run(context)
    lookup.correct_rows(before_each=partial(_go_on, context, "people"))
    lease.advance(context.holder, last_full_at=context.now)
    if context.results.differing and not is_first:
        # Changes made during the reconcile have events; only differences without an event are drift.
        _pass(context.holder, context.results)
        run_log.set_drift(sync_run, context.results.drifted)
    run_log.set_unknown(sync_run, context.results.unknown)


def _pass(holder: str, results: SyncResults) -> None:
    """Handle the events since the watermark; if Stripe may have dropped some by now, a full reconcile becomes due."""
    watermark = SyncState.objects.get(pk=SyncState.THE_ONE).watermark
    since = (watermark or timezone.now()) - OVERLAP
    listed: dict[str, ListedEvent] = {}
    reached: datetime | None = None
    for page in gateway.event_pages(types=list(handlers.LISTED_BY_SYNC), since=since):
        # Pages come newest first: the next pass finds what happens during this one from the first page's moment on.
        reached = reached or page.known_from
        if watermark is None:
            # A full reconcile follows the first pass, which only learns Stripe's time here.
            break
        listed |= {one.event.id: one for one in _readable(page.objects, results)}
        lease.advance(holder)
    objects = [one.event.object for one in listed.values() if not origin.foreign_reason(one.event)]
    results.customers |= _customers_of_subscriptions(objects)
    results.named_by_events |= {str(obj.get("id")) for obj in objects}
    _handle(holder, _unfinished(listed, results), results)
    # The watermark is moved last: every event up to it is in the inbox, or recorded as failed.
    position: dict[str, datetime | int | str | None] = {"watermark": reached, "clock_offset": _clock_offset(reached)}
    if watermark is None or reached is None or _may_have_missed(watermark, reached):
        position |= {"last_full_at": None, "full_cursor": None}
    lease.advance(holder, **position)


def _may_have_missed(watermark: datetime, reached: datetime) -> bool:
    """Whether events may have gone unread: Stripe no longer has them all, or the watermark was ahead of Stripe."""
    return reached - watermark > EVENTS_ARE_KEPT or watermark - reached > stripe_clock.CLOCKS_AGREE_WITHIN


def _readable(payloads: Iterable[JSON], results: SyncResults) -> Iterator[ListedEvent]:
    """Yield the listed events that can be read; the others are recorded as failed objects."""
    for payload in payloads:
        try:
            yield ListedEvent(Event.from_payload(payload), payload)
        except ValueError as error:
            results.record_failures([failed_object("event", payload, error)])


def _customers_of_subscriptions(objects: Iterable[JSON]) -> set[str]:
    """Return the customers whose subscriptions had events, brought by a webhook or not: clean-up checks them."""
    named = [obj.get("customer") for obj in objects if obj.get("object") == "subscription"]
    found = [customer.get("id") if isinstance(customer, dict) else customer for customer in named]
    return {customer for customer in found if isinstance(customer, str)}


def _clock_offset(stripe_time: datetime | None) -> int:
    """Seconds that Stripe's clock is ahead of ours; a difference within a call's accuracy counts as none."""
    offset = stripe_time - timezone.now() if stripe_time else timedelta()
    return round(offset.total_seconds()) if abs(offset) > stripe_clock.CLOCKS_AGREE_WITHIN else 0


def _unfinished(listed: Mapping[str, ListedEvent], results: SyncResults) -> list[WebhookEvent]:
    """Return the inbox's entries of these events that are not finished, and those that are due another try."""
    entries = WebhookEvent.objects.in_bulk(list(listed))
    for event_id, (event, payload) in listed.items():
        if event_id not in entries:
            with results.isolated("event", event_id):
                entries[event_id] = inbox.store(event, payload, source=inbox.Source.SYNC)
    entries |= {entry.pk: entry for entry in inbox.retry_due(now=timezone.now())}
    unfinished = (entry for entry in entries.values() if entry.state not in WebhookEvent.FINAL)
    return [entry for entry in unfinished if not inbox.is_given_up(entry)]


def _handle(holder: str, entries: Sequence[WebhookEvent], results: SyncResults) -> None:
    """Handle the events of each object together; one that fails stays in the inbox and stops no other."""
    for group in inbox.group_by_object(entries):
        lease.advance(holder)
        claimed = [entry for entry in group if inbox.claim(entry)]
        if not claimed:
            continue
        results.events += len(claimed)
        for outcome in inbox.handle_each(claimed):
            if outcome.result is not None:
                results.record_events(outcome.result)
            else:
                results.failed += len(outcome.entries)


def _is_full_due(now: datetime) -> bool:
    state = SyncState.objects.get(pk=SyncState.THE_ONE)
    every = timedelta(hours=settings.SYNC_FULL_EVERY_HOURS)
    last_full_at = our_clock.possible(state.last_full_at, now=now)
    return last_full_at is None or bool(state.full_cursor) or now - last_full_at >= every

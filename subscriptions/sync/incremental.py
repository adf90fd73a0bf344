"""Keeping the copy true without webhooks: a pass over what is new, and from time to time a look at everything.

A pass costs one call to Stripe when nothing happened, however many subscriptions there are.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing import gateway
from billing.errors import StripeFailure
from billing.gateway.snapshots import JSON, Event
from billing.mirror.engine import id_of
from subscriptions import stripe_clock
from subscriptions.mirror import history
from subscriptions.models import SyncRun, SyncState, WebhookEvent
from subscriptions.sync import (
    inactive_customers,
    lease,
    reconcile,
    run_log,
    scan,
)
from subscriptions.sync.context import ReconcileContext, SubscriptionCallback, SyncResults
from subscriptions.sync.progress import SILENT, Interrupted, Progress
from subscriptions.webhooks import handlers, inbox

logger = logging.getLogger(__name__)

# Events are looked for again this far back: Stripe does not promise that each is listed the moment it happens.
OVERLAP = timedelta(minutes=2)

# Stripe lists events for 30 days (https://docs.stripe.com/api/events); a day less leaves room for a long pass.
EVENTS_ARE_KEPT = timedelta(days=29)

# Nothing is wrong when a run ends by these: the next goes on from there.
STOPPED = (Interrupted, lease.LeaseLost, KeyboardInterrupt, SystemExit)


def run(
    *,
    full: bool = False,
    now: datetime,
    progress: Progress = SILENT,
    on_subscription: SubscriptionCallback | None = None,
) -> tuple[SyncRun, SyncResults]:
    """Make one pass, and a full reconcile where it is asked for or due. The run says whether all was done.

    `on_subscription` is called for each subscription that is looked at. Raises LeaseHeld if another sync
    is running, LeaseLost if one took over half-way, Interrupted if `progress` asks for a stop.
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
    sync_run.is_full = sync_run.is_full or _is_full_due(context.now)
    customers: Iterable[str] = sorted(results.customers)
    if sync_run.is_full:
        _look_at_everything(context, sync_run)
        customers = inactive_customers.candidates()
    if not results.failed:
        # What failed may be somebody's new subscription.
        results.archived = inactive_customers.archive_inactive(customers, now=context.now)
    sync_run.is_complete = not results.failed


def _look_at_everything(context: ReconcileContext, sync_run: SyncRun) -> None:
    is_first = not SyncRun.objects.filter(is_full=True, is_complete=True).exists()
    reconcile.run(context)
    lease.advance(context.holder, last_full_at=context.now)
    if context.results.differing and not is_first:
        # What changed while we looked has its events; only what has none is drift.
        _pass(context.holder, context.results)
        run_log.set_drift(sync_run, context.results.drifted)
    run_log.set_unknown(sync_run, context.results.unknown)


def _pass(holder: str, results: SyncResults) -> None:
    """Work the events since the watermark; where they can't be all there are, a whole reconcile is due."""
    watermark = SyncState.objects.get(pk=SyncState.THE_ONE).watermark
    since = (watermark or timezone.now()) - OVERLAP
    payloads: list[JSON] = []
    reached: datetime | None = None
    for page in gateway.event_pages(types=list(handlers.LISTED_BY_SYNC), since=since):
        # Pages come newest first: what happens while we read is found from the first page's moment on.
        reached = reached or page.known_from
        if watermark is None:
            # The first sync of all looks at everything anyhow; here it only learns Stripe's time.
            break
        payloads += page.objects
        lease.advance(holder)
    results.customers |= _whose(payloads)
    results.named_by_events |= {payload["data"]["object"].get("id", "") for payload in payloads}
    _work(holder, _unfinished(payloads), results)
    # Only what Stripe listed and our books now hold moves the watermark.
    position: dict[str, datetime | int | str | None] = {"watermark": reached, "clock_offset": _clock_offset(reached)}
    if watermark is None or reached is None or reached - watermark > EVENTS_ARE_KEPT:
        position |= {"last_full_at": None, "full_cursor": None}
    lease.advance(holder, **position)


def _whose(payloads: Sequence[JSON]) -> set[str]:
    """The customers whose subscriptions had events, those that a webhook has brought too: clean-up looks at them."""
    objects = [payload["data"]["object"] for payload in payloads]
    found = {id_of(obj.get("customer")) for obj in objects if obj.get("object") == "subscription"}
    return {customer for customer in found if customer}


def _clock_offset(stripe_time: datetime | None) -> int:
    """Seconds that Stripe's clock is ahead of ours; what is within a call's accuracy counts as none."""
    offset = stripe_time - timezone.now() if stripe_time else timedelta()
    return round(offset.total_seconds()) if abs(offset) > stripe_clock.CLOCKS_AGREE_WITHIN else 0


def _unfinished(payloads: Sequence[JSON]) -> list[WebhookEvent]:
    """The inbox's entries for these events, save the finished ones, and those that are due another try."""
    events = {payload["id"]: payload for payload in payloads}
    known = WebhookEvent.objects.in_bulk(list(events))
    entries = dict(known)
    for event_id, payload in events.items():
        if event_id not in known:
            event = Event.from_payload(payload)
            entries[event_id] = inbox.store(event, payload, source=inbox.Source.SYNC)
    entries |= {entry.pk: entry for entry in inbox.retry_due(now=timezone.now())}
    return [entry for entry in entries.values() if entry.state not in WebhookEvent.FINAL]


def _work(holder: str, entries: Sequence[WebhookEvent], results: SyncResults) -> None:
    """Work the events of each object together; one that fails stays in the inbox and holds up nothing."""
    for group in inbox.group_by_object(entries):
        lease.advance(holder)
        claimed = [entry for entry in group if inbox.claim(entry)]
        if not claimed:
            continue
        results.events += len(claimed)
        try:
            results.record_events(inbox.handle(claimed))
        except Exception:  # noqa: BLE001  (recorded and logged by `work`, counted here, tried again next pass)
            results.failed += len(claimed)


def _is_full_due(now: datetime) -> bool:
    state = SyncState.objects.get(pk=SyncState.THE_ONE)
    every = timedelta(hours=settings.SYNC_FULL_EVERY_HOURS)
    return state.last_full_at is None or bool(state.full_cursor) or now - state.last_full_at >= every

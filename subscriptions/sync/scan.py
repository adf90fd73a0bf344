"""The walk over all subscriptions: each page compared with our rows, and how far it has come kept for the next."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway import Page
from billing.gateway.snapshots import Snapshot
from billing.mirror.compare import Where
from billing.mirror.engine import apply_page, apply_page_within
from subscriptions.mirror import kinds
from subscriptions.models import Subscription, SyncState
from subscriptions.sync import lease, page_ranges
from subscriptions.sync.context import ReconcileContext
from subscriptions.sync.page_ranges import Range, Read

# What an interrupted walk compared longer ago than this is compared again.
CURSOR_HOLDS = timedelta(hours=1)

# Seconds between two times that it is kept how far the walk has come: what a killed one does again at most.
STORED_EVERY = 1.0


class Start(NamedTuple):
    """When a walk began, what is left of it, and how many were compared to learn that."""

    begun_at: datetime
    left: list[Range]
    compared: int


def mark_due(context: ReconcileContext) -> None:
    """Note that everything is to be looked at, so that the next sync does it if this one is cut off early."""
    if _where_it_stopped(context.now) is None:
        _store(context, context.now, None)


def compare_all(context: ReconcileContext) -> None:
    """Compare every subscription, with its customer and schedule; goes on where an interrupted walk stopped."""
    begun_at, left, compared = _where_it_stopped(context.now) or _beginning(context)
    remaining = dict.fromkeys(left)
    _store(context, begun_at, remaining)
    context.progress.step(compared)
    stored_at = time.monotonic()
    try:
        for read in page_ranges.read(left, _ask):
            _compare(context, read)
            # First what is left: whatever stops us here must not take the page for the whole range.
            if read.rest:
                remaining[read.rest] = None
            del remaining[read.range]
            context.progress.step(len(read.page.objects))
            if time.monotonic() - stored_at >= STORED_EVERY:
                _store(context, begun_at, remaining)
                stored_at = time.monotonic()
    finally:
        _store(context, begun_at, remaining)


def _beginning(context: ReconcileContext) -> Start:
    """Compare the newest page alone: often that is all, and where it is not, it says where the rest begins."""
    everything = Range()
    page = _ask(everything)
    rest = everything.rest(page)
    _compare(context, Read(everything, page, rest))
    return Start(context.now, page_ranges.split(rest) if rest else [], len(page.objects))


def _where_it_stopped(now: datetime) -> Start | None:
    cursor = SyncState.objects.get(pk=SyncState.THE_ONE).full_cursor
    if not cursor or cursor["ranges"] is None:
        return None
    begun_at = datetime.fromisoformat(cursor["begun_at"])
    if now - begun_at >= CURSOR_HOLDS:
        return None
    return Start(begun_at, [Range.from_json(stored) for stored in cursor["ranges"]], compared=0)


def _store(context: ReconcileContext, begun_at: datetime, remaining: Iterable[Range] | None) -> None:
    ranges_left = None if remaining is None else [one.to_json() for one in remaining]
    cursor = {"begun_at": begun_at.astimezone(UTC).isoformat(), "ranges": ranges_left}
    lease.advance(context.holder, full_cursor=cursor)


def _ask(one: Range) -> Page:
    try:
        return gateway.subscription_page(newest=one.newest, oldest=one.oldest, starting_after=one.after)
    except StripeMissing:
        # The one that we stopped at is gone, so there is nothing to go on after but the second it was made in.
        return gateway.subscription_page(newest=one.newest, oldest=one.oldest)


def _compare(context: ReconcileContext, read: Read) -> None:
    subscriptions = list(read.page.snapshots())
    context.results.record_page(apply_page(kinds.CUSTOMER, _inside(subscriptions, "customer")))
    context.results.record_page(apply_page(kinds.SCHEDULE, _inside(subscriptions, "schedule")))
    compared, others = apply_page_within(kinds.SUBSCRIPTION, subscriptions, span=_span(read))
    context.results.record_page(compared)
    for one in compared:
        context.results.record_subscription(one.object, was_written=one.was_written)
    if unseen := [pk for pk in others if pk not in read.range.shown]:
        context.ask_for(kinds.SUBSCRIPTION, _not_shown(read, unseen))


def _inside(subscriptions: list[Snapshot], field: str) -> list[Snapshot]:
    """The objects that came expanded within the subscriptions, as read at the same moment."""
    expanded = ((subscription, subscription.object.get(field)) for subscription in subscriptions)
    return [subscription.part(obj) for subscription, obj in expanded if isinstance(obj, dict)]


def _span(read: Read) -> Where:
    """Where our rows from the time that the page spans are, its first and last second included."""
    span: dict[str, datetime] = {}
    if read.rest and read.rest.upto:
        span["stripe_created_at__gte"] = read.rest.upto
    elif read.range.since:
        span["stripe_created_at__gt"] = read.range.since
    if read.range.upto:
        span["stripe_created_at__lte"] = read.range.upto
    return span


def _not_shown(read: Read, pks: list[str]) -> list[str]:
    """Which of these rows of its span the page should show: not those of its last second, which the next page may
    show, nor what we came to know while it was read.
    """
    rows = Subscription.objects.filter(pk__in=pks, is_deleted=False, known_until__lt=read.page.known_from)
    if read.rest:
        rows = rows.filter(stripe_created_at__gt=read.rest.upto)
    return list(rows.order_by().values_list("pk", flat=True))

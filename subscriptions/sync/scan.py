"""The scan of all subscriptions: compare each page with our rows, and save the position for the next run."""

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway import Page
from billing.gateway.snapshots import Snapshot
from billing.mirror.equal_rows import Where
from billing.mirror.pages import apply_page
from subscriptions.mirror import kinds
from subscriptions.models import Subscription, SyncState
from subscriptions.sync import lease, page_ranges
from subscriptions.sync.context import ReconcileContext
from subscriptions.sync.page_ranges import Range, RangePage

# An interrupted scan that began longer ago than this starts again from the beginning.
POSITION_EXPIRES_AFTER = timedelta(hours=1)

# Save progress at most once a second: a scan that is killed repeats no more than that.
SECONDS_BETWEEN_SAVES = 1.0


class Position(NamedTuple):
    """When a scan began, the ranges it has still to read, and how many subscriptions this run has compared for it."""

    begun_at: datetime
    ranges_left: list[Range]
    compared: int


def mark_pending(context: ReconcileContext) -> None:
    """Record that a scan is pending: the next sync makes it if this one stops before it."""
    if _saved_position(context.now) is None:
        _save_position(context, context.now, None)


def compare_all(context: ReconcileContext) -> None:
    """Compare every subscription, with its customer and schedule; an interrupted scan is continued."""
    begun_at, ranges_left, compared = _saved_position(context.now) or _start(context)
    remaining = dict.fromkeys(ranges_left)
    _save_position(context, begun_at, remaining)
    context.progress.step(compared)
    saved_at = time.monotonic()
    try:
        for page in page_ranges.read_pages(ranges_left, _fetch_page):
            _compare_page(context, page)
            # Add the rest before removing the range: an interruption between the two must not lose the rest.
            if page.rest:
                remaining[page.rest] = None
            del remaining[page.range]
            context.progress.step(len(page.page.objects))
            if time.monotonic() - saved_at >= SECONDS_BETWEEN_SAVES:
                _save_position(context, begun_at, remaining)
                saved_at = time.monotonic()
    finally:
        _save_position(context, begun_at, remaining)


def _start(context: ReconcileContext) -> Position:
    """Compare the newest page: it may be the only one; if not, its end is where the split begins."""
    everything = Range()
    page = _fetch_page(everything)
    rest = everything.rest(page)
    _compare_page(context, RangePage(everything, page, rest))
    return Position(context.now, page_ranges.split(rest) if rest else [], len(page.objects))


def _saved_position(now: datetime) -> Position | None:
    cursor = SyncState.objects.get(pk=SyncState.THE_ONE).full_cursor
    if not cursor or cursor["ranges"] is None:
        return None
    begun_at = datetime.fromisoformat(cursor["begun_at"])
    if now - begun_at >= POSITION_EXPIRES_AFTER:
        return None
    return Position(begun_at, [Range.from_json(stored) for stored in cursor["ranges"]], compared=0)


def _save_position(context: ReconcileContext, begun_at: datetime, remaining: Iterable[Range] | None) -> None:
    ranges_left = None if remaining is None else [left.to_json() for left in remaining]
    cursor = {"begun_at": begun_at.astimezone(UTC).isoformat(), "ranges": ranges_left}
    lease.advance(context.holder, full_cursor=cursor)


def _fetch_page(wanted: Range) -> Page:
    try:
        return gateway.subscription_page(newest=wanted.newest, oldest=wanted.oldest, starting_after=wanted.after)
    except StripeMissing:
        # The last subscription that was read is gone from Stripe: read again from the second in which it was made.
        return gateway.subscription_page(newest=wanted.newest, oldest=wanted.oldest)


def _compare_page(context: ReconcileContext, read: RangePage) -> None:
    subscriptions = list(read.page.snapshots())
    context.results.record_page(apply_page(kinds.CUSTOMER, _expanded(subscriptions, "customer")))
    context.results.record_page(apply_page(kinds.SCHEDULE, _expanded(subscriptions, "schedule")))
    result = apply_page(kinds.SUBSCRIPTION, subscriptions, span=_created_within(read))
    context.results.record_page(result)
    for each in result.compared:
        context.results.record_subscription(each.object, was_written=each.was_written)
    if not_on_page := [pk for pk in result.keys_not_shown if pk not in read.range.already_read]:
        context.fetch_missing(kinds.SUBSCRIPTION, _expected_on_page(read, not_on_page))


def _expanded(subscriptions: list[Snapshot], field: str) -> list[Snapshot]:
    """Return the objects that are expanded in this field, as snapshots of the same moment."""
    expanded = ((subscription, _member(subscription.object, field)) for subscription in subscriptions)
    return [subscription.part(obj) for subscription, obj in expanded if isinstance(obj, dict)]


def _member(obj: object, field: str) -> object:
    return obj.get(field) if isinstance(obj, dict) else None


def _created_within(read: RangePage) -> Where:
    """Return the filter for our rows of the time that the page covers, including its first and last second."""
    span: dict[str, datetime] = {}
    if read.rest and read.rest.newest_at:
        span["stripe_created_at__gte"] = read.rest.newest_at
    elif read.range.oldest_at:
        span["stripe_created_at__gt"] = read.range.oldest_at
    if read.range.newest_at:
        span["stripe_created_at__lte"] = read.range.newest_at
    return span


def _expected_on_page(read: RangePage, pks: list[str]) -> list[str]:
    """Return those of these rows that the page should include.

    Rows of its last second may be on the next page; rows copied while it was read may be newer than the page.
    """
    rows = Subscription.objects.filter(pk__in=pks, is_deleted=False, known_until__lt=read.page.known_from)
    if read.rest:
        rows = rows.filter(stripe_created_at__gt=read.rest.newest_at)
    return list(rows.order_by().values_list("pk", flat=True))

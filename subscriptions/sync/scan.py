"""The scan of one of Stripe's lists after another: compare each page, and save the position for the next run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from billing.errors import StripeMissing
from billing.gateway import Page
from billing.models import MirroredRow
from subscriptions import our_clock
from subscriptions.models import SyncState
from subscriptions.sync import lease, page_ranges
from subscriptions.sync.context import ReconcileContext
from subscriptions.sync.page_ranges import Range, RangePage

# An interrupted scan that began longer ago than this starts again from the beginning.
POSITION_EXPIRES_AFTER = timedelta(hours=1)

# Save progress at most once a second: a scan that is killed repeats no more than that.
SECONDS_BETWEEN_SAVES = 1.0


class FetchPage(Protocol):
    def __call__(self, *, newest: int | None, oldest: int | None, starting_after: str = "") -> Page: ...


@dataclass(frozen=True)
class ScannedList:
    """One of Stripe's lists: how its pages are fetched and compared.

    The rows of `model` say into which ranges it is split. The progress counts subscriptions; of another list it shows
    the name.
    """

    name: str
    model: type[MirroredRow]
    fetch: FetchPage
    compare: Callable[[ReconcileContext, RangePage], None]
    is_counted: bool = False

    def fetch_range(self, wanted: Range) -> Page:
        try:
            return self.fetch(newest=wanted.newest, oldest=wanted.oldest, starting_after=wanted.after)
        except StripeMissing:
            # The last object that was read is gone from Stripe: read again from the second in which it was made.
            return self.fetch(newest=wanted.newest, oldest=wanted.oldest)


class Position(NamedTuple):
    """When a full reconcile began its scans, the lists it has finished, and what is left of the list it reads.

    `ranges_left` is None if the next list has not been begun. `is_thorough` says whether old invoices, purchases and
    refunds are compared as well.
    """

    begun_at: datetime
    is_thorough: bool = False
    finished: tuple[str, ...] = ()
    ranges_left: tuple[Range, ...] | None = None


def mark_pending(context: ReconcileContext) -> None:
    """Record that a thorough reconcile is pending: the next sync makes it if this one stops before it."""
    saved = _saved_position(context.now)
    if saved is None or not saved.is_thorough:
        _save(context, Position(context.now, is_thorough=True))


def is_thorough(context: ReconcileContext) -> bool:
    """Whether the reconcile that is pending or interrupted compares old invoices, purchases and refunds as well."""
    saved = _saved_position(context.now)
    return saved is not None and saved.is_thorough


def compare_all(context: ReconcileContext, scanned: ScannedList, *, since: datetime | None = None) -> None:
    """Compare every object of a list, or those created at `since` or later; an interrupted scan is continued."""
    position = _saved_position(context.now) or Position(context.now)
    if scanned.name in position.finished:
        return
    compared = 0
    if position.ranges_left is None:
        ranges, compared = _start(context, scanned, Range(oldest=int(since.timestamp()) - 1 if since else None))
        position = position._replace(ranges_left=ranges)
    remaining = dict.fromkeys(position.ranges_left or ())
    _save(context, position)
    _step(context, scanned, compared)
    saved_at = time.monotonic()
    try:
        for page in page_ranges.read_pages(list(remaining), scanned.fetch_range):
            scanned.compare(context, page)
            # Add the rest before removing the range: an interruption between the two must not lose the rest.
            if page.rest:
                remaining[page.rest] = None
            del remaining[page.range]
            _step(context, scanned, len(page.page.objects))
            if time.monotonic() - saved_at >= SECONDS_BETWEEN_SAVES:
                _save(context, position._replace(ranges_left=tuple(remaining)))
                saved_at = time.monotonic()
    finally:
        _save(context, position._replace(ranges_left=tuple(remaining)))
    _save(context, position._replace(finished=(*position.finished, scanned.name), ranges_left=None))


def _start(context: ReconcileContext, scanned: ScannedList, whole: Range) -> tuple[tuple[Range, ...], int]:
    """Compare the newest page: it may be the only one; if not, its end is where the split begins."""
    page = scanned.fetch_range(whole)
    rest = whole.rest(page)
    scanned.compare(context, RangePage(whole, page, rest))
    return tuple(page_ranges.split(rest, scanned.model) if rest else ()), len(page.objects)


def _step(context: ReconcileContext, scanned: ScannedList, count: int) -> None:
    if scanned.is_counted:
        context.progress.step(count)
    else:
        context.progress.step(0, scanned.name)


def _saved_position(now: datetime) -> Position | None:
    cursor = SyncState.objects.get(pk=SyncState.THE_ONE).full_cursor
    # A release before this one saved no lists.
    if not cursor or "finished" not in cursor:
        return None
    position = Position(
        datetime.fromisoformat(cursor["begun_at"]),
        cursor["is_thorough"],
        tuple(cursor["finished"]),
        None if cursor["ranges"] is None else tuple(Range.from_json(stored) for stored in cursor["ranges"]),
    )
    is_wrong = our_clock.is_impossible(position.begun_at, now=now)
    if is_wrong or now - position.begun_at >= POSITION_EXPIRES_AFTER:
        return Position(now, position.is_thorough)
    return position


def _save(context: ReconcileContext, position: Position) -> None:
    cursor = {
        "begun_at": position.begun_at.astimezone(UTC).isoformat(),
        "is_thorough": position.is_thorough,
        "finished": list(position.finished),
        "ranges": None if position.ranges_left is None else [left.to_json() for left in position.ranges_left],
    }
    lease.advance(context.holder, full_cursor=cursor)

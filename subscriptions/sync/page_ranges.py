"""Ranges of creation times, read in parallel: faster than reading a list page after page.

Pages are not examined here. Threads only call Stripe; the database is used by the caller's thread alone.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self

from billing.gateway import Page
from billing.gateway.snapshots import moment
from billing.models import MirroredRow

PAGE_SIZE = 100

# The most calls that wait for Stripe at once, so also the most threads, and the most pages held in memory.
MAX_PARALLEL_CALLS = 12

StoredRange = tuple[int | None, int | None, str]


@dataclass(frozen=True, slots=True)
class Range:
    """Objects created after `oldest` and not after `newest` (Unix seconds; None: no bound), newest first.

    `after` is the id of the last object that was read; `already_read` are the ids read so far of those created in the
    second `newest`.
    """

    newest: int | None = None
    oldest: int | None = None
    after: str = ""
    already_read: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, stored: StoredRange) -> Self:
        newest, oldest, after = stored
        return cls(newest, oldest, after)

    def to_json(self) -> StoredRange:
        return self.newest, self.oldest, self.after

    def rest(self, page: Page) -> Self | None:
        """Return the range that is left after its first page; None if that page is also its last."""
        if not page.has_more or not page.objects:
            return None
        positions = page.positions
        last = positions[-1]
        same_second = frozenset(obj["id"] for obj in positions if obj["created"] == last["created"])
        earlier_pages = self.already_read if last["created"] == self.newest else frozenset()
        return replace(self, newest=last["created"], after=last["id"], already_read=earlier_pages | same_second)

    @property
    def newest_at(self) -> datetime | None:
        return moment(self.newest)

    @property
    def oldest_at(self) -> datetime | None:
        return moment(self.oldest)


class RangePage(NamedTuple):
    """The first page of a range, and the rest of the range; None after the last page."""

    range: Range
    page: Page
    rest: Range | None


def split(whole: Range, model: type[MirroredRow]) -> list[Range]:
    """Split a range into ranges of equal size, judged by our rows, each a whole number of pages.

    Any other split would end each range with a page that is not full: a call too many. If rows are missing here, the
    last range is longer than the others; no object is left out.
    """
    older = model._default_manager.filter(stripe_created_at__lt=whole.newest_at).order_by("-stripe_created_at")
    if whole.oldest_at:
        older = older.filter(stripe_created_at__gt=whole.oldest_at)
    created = older.values_list("stripe_created_at", flat=True)
    pages = -(-created.count() // PAGE_SIZE)
    length = -(-pages // MAX_PARALLEL_CALLS) * PAGE_SIZE
    ranges = []
    # Rows created in the second of a boundary all belong to the older of the two ranges.
    for at in range(length, pages * PAGE_SIZE, length or 1):
        boundary = _unix_seconds(created[at : at + 1].first())
        if boundary is not None and boundary != whole.newest:
            ranges.append(replace(whole, oldest=boundary))
            whole = Range(newest=boundary, oldest=whole.oldest)
    return [*ranges, whole]


def read_pages(ranges: Iterable[Range], fetch: Callable[[Range], Page]) -> Iterator[RangePage]:
    """Read all pages of these ranges in parallel, and yield each page as it arrives.

    Raises any error of `fetch`, after the calls under way have ended; their answers are dropped.
    """
    with ThreadPoolExecutor(max_workers=MAX_PARALLEL_CALLS, thread_name_prefix="stripe") as threads:

        def start(fetched: Range) -> "Future[Page]":
            # In the caller's context, so that its call counter and rate limit apply in the threads too.
            return threads.submit(copy_context().run, fetch, fetched)

        under_way = {start(each): each for each in ranges}
        try:
            while under_way:
                for answer in wait(under_way, return_when=FIRST_COMPLETED).done:
                    fetched = under_way.pop(answer)
                    page = answer.result()
                    if rest := fetched.rest(page):
                        under_way[start(rest)] = rest
                    yield RangePage(fetched, page, rest)
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _unix_seconds(created_at: datetime | None) -> int | None:
    return int(created_at.timestamp()) if created_at else None

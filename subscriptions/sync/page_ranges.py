"""Ranges of time in which subscriptions were created, read side by side: faster than page after page.

Nothing here looks at what is on the pages. Threads only call Stripe; the database stays with the caller's thread.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self

from billing.gateway import Page
from billing.gateway.snapshots import moment
from subscriptions.models import Subscription

PAGE = 100

# At most so many calls wait for Stripe at once, so many pages are held, and no more threads run.
SIDE_BY_SIDE = 12

Stored = tuple[int | None, int | None, str]


@dataclass(frozen=True, slots=True)
class Range:
    """What was created after `oldest` and not after `newest` (Unix seconds; None: no bound), newest first.

    `after` is the id of the last one that was read, and `shown` those of its second that were read too.
    """

    newest: int | None = None
    oldest: int | None = None
    after: str = ""
    shown: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, stored: Stored) -> Self:
        newest, oldest, after = stored
        return cls(newest, oldest, after)

    def to_json(self) -> Stored:
        return self.newest, self.oldest, self.after

    def rest(self, page: Page) -> Self | None:
        """What is left to read after this page of it."""
        if not page.has_more or not page.objects:
            return None
        last = page.objects[-1]
        shown = frozenset(obj["id"] for obj in page.objects if obj["created"] == last["created"])
        before = self.shown if last["created"] == self.newest else frozenset()
        return replace(self, newest=last["created"], after=last["id"], shown=before | shown)

    @property
    def upto(self) -> datetime | None:
        return moment(self.newest)

    @property
    def since(self) -> datetime | None:
        return moment(self.oldest)


class Read(NamedTuple):
    """A page, the range that it begins, and what of that is left; None when the page ends it."""

    range: Range
    page: Page
    rest: Range | None


def split(whole: Range) -> list[Range]:
    """Cut the rest of a list into ranges of equal length, going by the rows we have, each a whole number of pages.

    Cut anywhere else, each would end with a page that is not full: a call too many. Where our rows tell too little the
    last range is the longest, and nothing is missed.
    """
    older = Subscription.objects.filter(stripe_created_at__lt=whole.upto).order_by("-stripe_created_at")
    moments = older.values_list("stripe_created_at", flat=True)
    pages = -(-moments.count() // PAGE)
    length = -(-pages // SIDE_BY_SIDE) * PAGE
    ranges = []
    # What was created in the second of a cut belongs to the range below it, with the row that begins that.
    for at in range(length, pages * PAGE, length or 1):
        cut = _second(moments[at : at + 1].first())
        if cut is not None and cut != whole.newest:
            ranges.append(replace(whole, oldest=cut))
            whole = Range(newest=cut)
    return [*ranges, whole]


def read(ranges: Iterable[Range], ask: Callable[[Range], Page]) -> Iterator[Read]:
    """Read all of these to their ends, side by side, and yield each page as it comes.

    Raises what `ask` raises; the calls that are under way then are waited for, and their answers dropped.
    """
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE, thread_name_prefix="stripe") as threads:

        def begin(one: Range) -> "Future[Page]":
            # The counting and the pace of the caller hold in its threads too.
            return threads.submit(copy_context().run, ask, one)

        asked = {begin(one): one for one in ranges}
        try:
            while asked:
                for answer in wait(asked, return_when=FIRST_COMPLETED).done:
                    one = asked.pop(answer)
                    page = answer.result()
                    if rest := one.rest(page):
                        asked[begin(rest)] = rest
                    yield Read(one, page, rest)
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _second(created_at: datetime | None) -> int | None:
    return int(created_at.timestamp()) if created_at else None

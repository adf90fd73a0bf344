"""A sync while it runs: who holds the lease, when it began, and the results so far.

Results are counts, and only as many ids as there were changes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from billing.gateway.snapshots import JSON
from billing.mirror import isolation, missing, registry
from billing.mirror.engine import Mirrored
from billing.mirror.isolation import FailedObject
from billing.mirror.pages import PageResult
from billing.mirror.registry import Kind
from subscriptions.models import Subscription
from subscriptions.sync.progress import Progress

# Called with a subscription's id and status, and whether its row was written.
SubscriptionCallback = Callable[[str, str, bool], None]

# A run stores the first of the objects that failed.
MAX_FAILURES = 100


@dataclass
class SyncResults:
    on_subscription: SubscriptionCallback | None = None
    events: int = 0
    failed: int = 0
    archived: int = 0
    looked_at: int = 0
    updated: int = 0
    # Customers whose subscriptions had events: the clean-up examines them.
    customers: set[str] = field(default_factory=set)
    # Ids of the objects that events were about, of those that a reconcile wrote, and of rows that Stripe
    # does not know.
    named_by_events: set[str] = field(default_factory=set)
    differing: dict[str, None] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    # How many objects could not be read, stored or handled, the kinds of them all, and the first of them.
    failed_objects: int = 0
    failed_kinds: set[str] = field(default_factory=set)
    failures: list[FailedObject] = field(default_factory=list)
    # Subscriptions that had events, and whether one of these events changed the row.
    _had_events: dict[str, bool] = field(default_factory=dict)

    def record_events(self, result: Mirrored[Any]) -> None:
        """Record event results; only subscriptions are counted."""
        if not isinstance(result.row, Subscription):
            return
        if result.row.customer_id:
            self.customers.add(result.row.customer_id)
        self._count(result.row.pk, result.row.status, was_written=result.was_written)
        self._had_events[result.row.pk] = self._had_events.get(result.row.pk, False) or result.was_written

    def record_page(self, page: PageResult[Any]) -> None:
        """Record the objects of a page that differed from our rows, and those that failed.

        Rows that differed only where no event was missed were written, but did not drift.
        """
        differing = (one for one in page.compared if one.was_written and not one.is_no_drift)
        self.differing.update((one.object["id"], None) for one in differing)
        self.record_failures(page.failed)

    def record_failures(self, failed: Sequence[FailedObject]) -> None:
        self.failed_objects += len(failed)
        self.failed_kinds.update(one.object_name for one in failed)
        self.failures += failed[: MAX_FAILURES - len(self.failures)]

    @contextmanager
    def isolated(self, object_name: str, stripe_id: object) -> Iterator[None]:
        """Record the object whose handling raises; raises only when Stripe or the database is away."""
        failed: list[FailedObject] = []
        with isolation.isolated(object_name, stripe_id, failed):
            yield
        self.record_failures(failed)

    def record_subscription(self, subscription: JSON, *, was_written: bool) -> None:
        """Count a subscription that was compared with its row."""
        self._count(subscription["id"], subscription["status"], was_written=was_written)

    def _count(self, pk: str, status: str, *, was_written: bool) -> None:
        # A subscription that had an event and is compared too counts once.
        self.looked_at += pk not in self._had_events
        self.updated += was_written and not self._had_events.get(pk, False)
        if self.on_subscription:
            self.on_subscription(pk, status, was_written)

    @property
    def drifted(self) -> list[str]:
        """Ids of objects that differed although no event was about them."""
        return [pk for pk in self.differing if pk not in self.named_by_events]

    @property
    def has_failed_customers(self) -> bool:
        """Whether a failed object belongs, or may belong, to a customer."""
        of_nobody = {kind.object_name for kind in registry.all_kinds() if not kind.customer_on_row}
        return not self.failed_kinds <= of_nobody

    @property
    def is_empty(self) -> bool:
        return not (self.events or self.failed or self.failed_objects or self.archived or self.looked_at)


@dataclass(frozen=True, slots=True)
class ReconcileContext:
    """`holder` holds the lease; `now` is when the run began, on our clock."""

    holder: str
    results: SyncResults
    progress: Progress
    now: datetime

    def fetch_missing(self, kind: Kind[Any], keys: Iterable[str]) -> None:
        """Fetch rows that Stripe's list did not include, and record those that Stripe does not know."""
        fetched = missing.fetch_missing(kind, keys, missing=len(self.results.unknown))
        self.results.unknown += fetched.unknown
        self.results.differing.update(dict.fromkeys(fetched.written))
        self.results.record_failures(fetched.failed)

"""What a sync has seen so far: counts, and only as many ids as there were changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from billing.gateway.snapshots import JSON
from billing.mirror.engine import Compared, Mirrored
from subscriptions.models import Subscription

# Called with a subscription's id and status, and whether its row was written.
Listener = Callable[[str, str, bool], None]


@dataclass
class SyncResults:
    listener: Listener | None = None
    events: int = 0
    failed: int = 0
    archived: int = 0
    looked_at: int = 0
    updated: int = 0
    # Those whose subscriptions had events: clean-up looks at them.
    customers: set[str] = field(default_factory=set)
    # What events told of, and what a reconcile found different; rows that Stripe does not know.
    named_by_events: set[str] = field(default_factory=set)
    differing: dict[str, None] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    _seen: dict[str, bool] = field(default_factory=dict)

    def record_events(self, result: Mirrored[Any]) -> None:
        """Take down what became of events; anything but a subscription counts for nothing here."""
        if not isinstance(result.row, Subscription):
            return
        if result.row.customer_id:
            self.customers.add(result.row.customer_id)
        self._count(result.row.pk, result.row.status, was_written=result.was_written)
        self._seen[result.row.pk] = self._seen.get(result.row.pk, False) or result.was_written

    def record_page(self, page: Iterable[Compared[Any]]) -> None:
        """Take down which of a page of Stripe's list differed from our rows."""
        self.differing.update((one.object["id"], None) for one in page if one.was_written)

    def record_subscription(self, subscription: JSON, *, was_written: bool) -> None:
        """Take down one of Stripe's list of subscriptions that was compared."""
        self._count(subscription["id"], subscription["status"], was_written=was_written)

    def _count(self, pk: str, status: str, *, was_written: bool) -> None:
        # One that had an event and is compared too counts once.
        self.looked_at += pk not in self._seen
        self.updated += was_written and not self._seen.get(pk, False)
        if self.listener:
            self.listener(pk, status, was_written)

    @property
    def drifted(self) -> list[str]:
        """What was different though nothing had told of it."""
        return [pk for pk in self.differing if pk not in self.named_by_events]

    @property
    def is_empty(self) -> bool:
        return not (self.events or self.failed or self.archived or self.looked_at)

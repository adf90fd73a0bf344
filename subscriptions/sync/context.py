"""One look at everything: who makes it, when and for what run, and what it has found so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.mirror import missing
from billing.mirror.engine import Kind
from subscriptions.sync.progress import Progress
from subscriptions.sync.results import SyncResults


@dataclass(frozen=True, slots=True)
class ReconcileContext:
    """`holder` holds the lease; `now` is when the run began, on our clock."""

    holder: str
    results: SyncResults
    progress: Progress
    now: datetime

    def ask_for(self, kind: Kind[Any], keys: Iterable[str]) -> None:
        """Ask for rows that Stripe's list did not show, and take down which it does not know."""
        asked = missing.fetch_missing(kind, keys, missing=len(self.results.unknown))
        self.results.unknown += asked.unknown
        self.results.differing.update(dict.fromkeys(asked.written))

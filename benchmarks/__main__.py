"""`python -m benchmarks`: measure everything in one run, and print one table."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.djstripe import column
from benchmarks.djstripe.column import DjStripe
from benchmarks.machine import Jobs
from benchmarks.measured import Measured
from benchmarks.sections import pages, passes, webhooks
from benchmarks.sections.reconcile import LATENCY_MS, Amounts, Reconcile
from benchmarks.standin.process import playing
from benchmarks.table import Table

FEW = 10  # Subscribers of the small site that pages are compared with.


def main() -> None:
    options = _options()
    os.nice(5)
    with _database(options.database) as url:
        run = Run(options, url)
        run.measure()
    about = f"{machine.description()}; database: {url.partition(':')[0]}"
    sys.stdout.write(f"{about}\n\n{run.table.markdown()}\n\n{_verdict(run.table)}\n")
    sys.exit(1 if run.table.unmet else 0)


@dataclass
class Run:
    """One run: other sizes are compared with the smallest; pages, changes and webhooks run on the middle one."""

    options: argparse.Namespace
    url: str
    table: Table = field(default_factory=Table)
    djstripe: DjStripe | None = None
    smallest: Measured | None = None
    reconcile: Reconcile | None = None
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)

    def measure(self) -> None:
        options = self.options
        if options.djstripe:
            _say("dj-stripe …")
            self.djstripe = column.measure(
                options.djstripe, subscriptions=options.djstripe_size, webhooks=options.webhooks
            )
        sizes = sorted(options.sizes)
        middle = sizes[len(sizes) // 2]
        self._measure_size(FEW, shows_pages=True)
        for size in sizes:
            self._measure_size(size, shows_pages=size == middle, is_first=size == sizes[0], has_changes=size == middle)
        pages.side_by_side(self.table, FEW, self.shown[FEW], middle, self.shown[middle])

    def _measure_size(
        self, size: int, *, shows_pages: bool, is_first: bool = False, has_changes: bool = False
    ) -> None:
        _say(f"Making {size:,} subscriptions …")
        with playing(size) as standin:
            jobs = Jobs(standin, self.url)
            jobs.run("rows.prepare", subscriptions=size)
            if shows_pages:
                _say("Pages …")
                self.shown[size] = jobs.run("pages.show", times=self.options.repeat)
            if size == FEW:
                return
            _say("Quiet passes …")
            self.smallest = passes.quiet(self.table, jobs, times=self.options.repeat, smallest=self.smallest)
            passes.quiet_command(self.table, jobs)
            if not is_first:
                _say("Full reconcile, and the obvious ways …")
                self.reconcile = Reconcile(self.table, jobs, self.reconcile, self.djstripe)
                self.reconcile.measure(Amounts(self.options.obvious, self.options.sdk, self.options.sample))
            if has_changes:
                self._changes(jobs)
        # A long run that is interrupted has printed the results so far.
        _say(f"\n{self.table.markdown()}\n")

    def _changes(self, jobs: Jobs) -> None:
        first = 0
        for events in self.options.changes:
            _say(f"A pass with {events:,} events …")
            first += passes.with_changes(self.table, jobs, events=events, first=first)
        _say("Webhooks …")
        told = webhooks.by_kind(self.table, jobs, self.djstripe, first=first, count=self.options.webhooks)
        if self.djstripe and self.reconcile:
            column.compare(self.table, self.djstripe, self.reconcile.ours, told)


@contextmanager
def _database(url: str) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="standing-order-") as folder:
        yield f"sqlite:///{Path(folder) / 'benchmarks.sqlite3'}"


def _verdict(table: Table) -> str:
    if not table.unmet:
        return "Every must is met."
    return "Not met:\n" + "\n".join(f"- {what}" for what in table.unmet)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--sizes", nargs="+", type=int, metavar="N", default=[100, 10_000, 100_000], help="subscriptions"
    )
    parser.add_argument(
        "--changes", nargs="+", type=int, metavar="N", default=[1, 100, 1_000, 5_000], help="events of a pass"
    )
    parser.add_argument("--webhooks", default=500, type=int, metavar="N", help="of each kind")
    parser.add_argument("--repeat", default=20, type=int, metavar="N", help="quiet passes, and views of each page")
    parser.add_argument(
        "--obvious", default=10_000, type=int, metavar="N", help="retrieves that the obvious way makes"
    )
    parser.add_argument(
        "--sdk", default=10_000, type=int, metavar="N", help="subscriptions that the SDK pages through"
    )
    parser.add_argument("--sample", default=200, type=int, metavar="N", help=f"retrieves at {LATENCY_MS} ms")
    parser.add_argument("--database", default="", metavar="URL", help="a DATABASE_URL: everything in it is deleted")
    parser.add_argument("--djstripe", default="", metavar="PYTHON", help="measure dj-stripe too, with this Python")
    parser.add_argument("--djstripe-size", default=1_000, type=int, metavar="N", help="subscriptions that it syncs")
    return parser.parse_args()


if __name__ == "__main__":
    main()

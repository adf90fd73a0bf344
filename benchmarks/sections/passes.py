"""Incremental passes, without changes and with changes."""

import math

from benchmarks.machine import Jobs
from benchmarks.measured import Measured, measured
from benchmarks.table import OURS, Table, mebibytes, milliseconds, number, seconds

QUIET, CRON, CHANGES = "A quiet pass", "A quiet pass as cron starts it, process and all", "A pass with changes"
PER_PAGE = 100

# Readings vary on a shared machine, and an allocator takes memory in large pieces.
FLAT = 1.5
ONE_PIECE_KIB = 1024


def is_flat(grown_kib: float, smaller_kib: float) -> bool:
    return grown_kib <= max(FLAT * smaller_kib, smaller_kib + ONE_PIECE_KIB)


def quiet(table: Table, jobs: Jobs, *, times: int, smallest: Measured | None) -> Measured:
    """Measure passes without changes; returns the result, which larger sizes are compared with."""
    these = measured(jobs.standin, lambda: jobs.run("sync.passes", times=times))
    base = smallest or these
    at, told = f"{number(jobs.standin.subscriptions)} subscriptions", these.told
    is_right = these.total == times and told["is_complete"] and not told["is_full"]
    grown, base_grown = told["grown_kib"], base.told["grown_kib"]
    table.add(QUIET, f"{at}: calls", {OURS: number(these.total / times)}, must="1", is_met=is_right)
    table.add(
        QUIET,
        f"{at}: CPU",
        {OURS: milliseconds(told["cpu_each"])},
        must="flat",
        is_met=told["cpu_each"] <= FLAT * base.told["cpu_each"],
    )
    table.add(QUIET, f"{at}: wall", {OURS: milliseconds(told["wall_each"])})
    table.add(
        QUIET,
        f"{at}: memory after {times} of them",
        {OURS: f"+{mebibytes(grown)}"},
        must="flat",
        is_met=is_flat(grown, base_grown),
    )
    return base


def quiet_command(table: Table, jobs: Jobs) -> None:
    """Measure the whole command, most of which is the start of Python and Django."""
    these = measured(jobs.standin, lambda: jobs.command("sync_subscriptions"))
    at = f"{number(jobs.standin.subscriptions)} subscriptions"
    figures = f"{seconds(these.told['cpu'])}, {seconds(these.told['wall'])}, {mebibytes(these.told['peak_kib'])}"
    table.add(CRON, f"{at}: CPU, wall, memory in all", {OURS: figures})
    table.add(CRON, f"{at}: calls", {OURS: number(these.total)}, must="1", is_met=these.total == 1)


def with_changes(table: Table, jobs: Jobs, *, events: int, first: int) -> int:
    """Measure a pass with this many events; returns the number of subscriptions that they are about.

    A tenth of the events are pairs of one second with different states: only a fetch shows which is the later one.
    """
    unclear = events // 20
    clear = events - 2 * unclear
    this = measured(jobs.standin, lambda: jobs.run("sync.changes", first=first, clear=clear, unclear=unclear))
    pages, told = math.ceil(events / PER_PAGE), this.told
    is_right = this.total == pages + unclear and told["updated"] == clear + unclear and told["is_complete"]
    what = f"{number(events)} event{'' if events == 1 else 's'}, {number(unclear)} objects unclear"
    table.add(CHANGES, f"{what}: calls", {OURS: number(this.total)}, must=f"{pages} + {unclear}", is_met=is_right)
    table.add(
        CHANGES,
        f"{what}: CPU, of each event, wall",
        {OURS: f"{seconds(told['cpu'])}, {milliseconds(told['cpu'] / events)}, {seconds(told['wall'])}"},
    )
    return clear + unclear

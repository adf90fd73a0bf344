"""Webhooks: in order, duplicate, late, and in the same second."""

from typing import Any

from benchmarks.djstripe.column import DjStripe
from benchmarks.machine import Jobs
from benchmarks.table import DJSTRIPE, OURS, Table, milliseconds, number

SECTION = "A webhook, from request to answer"
CALLS = {"in order": 0, "duplicate": 0, "late": 0, "same second": 1}


def by_kind(table: Table, jobs: Jobs, djstripe: DjStripe | None, *, first: int, count: int) -> dict[str, Any]:
    """Measure `count` webhooks of each kind; returns the job's result."""
    told = jobs.run("webhooks.handle", first=first, count=count)
    for kind, must in CALLS.items():
        these = {OURS: told[kind]} | (
            {DJSTRIPE: djstripe.webhooks[kind]} if djstripe and kind in djstripe.webhooks else {}
        )
        table.add(
            SECTION, f"{kind}: a second, of one core", _each(these, lambda one: number(one["count"] / one["cpu"]))
        )
        table.add(SECTION, f"{kind}: CPU", _each(these, lambda one: milliseconds(one["cpu"] / one["count"])))
        table.add(SECTION, f"{kind}: queries", _each(these, lambda one: number(one["queries"] / one["count"])))
        calls = told[kind]["calls"] / told[kind]["count"]
        table.add(
            SECTION,
            f"{kind}: calls to Stripe",
            _each(these, lambda one: number(one["calls"] / one["count"])),
            must=str(must),
            is_met=calls == must,
        )
    return dict(told)


def _each(these: dict[str, Any], figure: Any) -> dict[str, str]:
    return {way: figure(one) for way, one in these.items()}

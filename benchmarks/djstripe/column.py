"""dj-stripe's column: its own commands and its webhook view, measured in its own environment."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import OWN_SETTINGS, outcome
from benchmarks.measured import Measured, measured
from benchmarks.standin.process import STRIPE_ALLOWS, Standin, playing
from benchmarks.table import DJSTRIPE, OURS, Table, milliseconds, number

SECTION = "Ours beside dj-stripe's"
LATENCY_MS = 50

# Our aim: a hundredth of the cost of its sync, a tenth of its webhooks.
SYNC, WEBHOOK = 100, 10


@dataclass(frozen=True)
class DjStripe:
    """The results of its first full sync, of a second one without changes (`again`), and of its webhooks."""

    first: Measured
    again: Measured
    late: Measured
    webhooks: dict[str, Any]


def measure(python: str, *, subscriptions: int, webhooks: int) -> DjStripe:
    """Run its documented commands with this Python interpreter."""
    with playing(subscriptions) as standin, tempfile.TemporaryDirectory(prefix="standing-order-") as folder:
        settings = OWN_SETTINGS | {
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'djstripe.sqlite3'}",
            "STRIPE_API_BASE": standin.address,
            "STRIPE_KEY": f"sk_test_{'benchmarks':0<24}",
        }

        def run(job: str, **options: Any) -> dict[str, Any]:
            return outcome([python, "-m", "benchmarks.djstripe", job, json.dumps(options)], settings)

        run("prepare")
        return DjStripe(
            first=_synced(standin, lambda: run("sync")),
            again=_synced(standin, lambda: run("sync")),
            late=_synced(standin, lambda: run("sync"), latency_ms=LATENCY_MS, per_second=STRIPE_ALLOWS),
            webhooks=run("handle", first=0, count=min(webhooks, subscriptions)),
        )


def _synced(standin: Standin, job: Any, **strictness: int) -> Measured:
    done = measured(standin, job, **strictness)
    if done.told["trouble"] or done.seen != standin.subscriptions:
        raise RuntimeError(f"dj-stripe's sync is not whole: {done.told}")
    return done


def compare(table: Table, its: DjStripe, ours: Measured, webhooks: dict[str, Any]) -> None:
    """Add how many times cheaper ours is, and whether that meets our aim."""
    its_event, our_event = (one["in order"] for one in (its.webhooks, webhooks))
    table.add(SECTION, "first sync: CPU for each subscription", {DJSTRIPE: milliseconds(its.first.cpu_each)})
    table.add(SECTION, "first sync: calls for each", {DJSTRIPE: f"{its.first.total / its.first.seen:.3f}"})
    _add(table, "sync again: CPU for each subscription", ours.cpu_each, its.again.cpu_each, SYNC)
    calls = {OURS: f"{ours.total / ours.seen:.3f}", DJSTRIPE: f"{its.again.total / its.again.seen:.3f}"}
    table.add(SECTION, "sync again: calls for each", calls)
    each = [one["cpu"] / one["count"] for one in (our_event, its_event)]
    _add(table, "webhook: CPU", each[0], each[1], WEBHOOK)
    counts = {
        OURS: number(our_event["calls"] / our_event["count"]),
        DJSTRIPE: number(its_event["calls"] / its_event["count"]),
    }
    is_met = our_event["calls"] * WEBHOOK <= its_event["calls"]
    table.add(SECTION, "webhook: calls", counts, must=f"aim: 1/{WEBHOOK}", is_met=is_met)


def _add(table: Table, what: str, ours: float, its: float, aim: int) -> None:
    cells = {OURS: f"{milliseconds(ours)}, 1/{its / ours:.0f}", DJSTRIPE: milliseconds(its)}
    table.add(SECTION, what, cells, must=f"aim: 1/{aim}", is_met=ours * aim <= its)

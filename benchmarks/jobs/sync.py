"""Our sync: incremental passes and full reconciles."""

import statistics
import time
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from benchmarks.meter import Meter
from benchmarks.standin.process import Standin
from subscriptions.models import SyncRun
from subscriptions.sync import incremental

LONG_ENOUGH = 600  # Seconds after which a pass does not read the events of the previous pass again.


def passes(*, times: int) -> dict[str, Any]:
    """Run passes without changes one after the other, as `--loop` does, after a first pass that connects."""
    incremental.run(now=timezone.now())
    Standin(settings.STRIPE_API_BASE).forget()
    runs, cpu, wall = [], [], []
    with Meter() as meter:
        for _ in range(times):
            began, cpu_began = time.perf_counter(), time.process_time()
            runs.append(incremental.run(now=timezone.now())[0])
            wall.append(time.perf_counter() - began)
            cpu.append(time.process_time() - cpu_began)
    typical = {"cpu_each": statistics.median(cpu), "wall_each": statistics.median(wall)}
    return meter.told() | _summed(runs) | typical


def changes(*, first: int, clear: int, unclear: int) -> dict[str, Any]:
    """Change subscriptions at Stripe, and run the pass that reads their events."""
    standin = Standin(settings.STRIPE_API_BASE)
    standin.advance(LONG_ENOUGH)
    incremental.run(now=timezone.now())
    standin.advance(LONG_ENOUGH)
    standin.change(first=first, clear=clear, unclear=unclear)
    standin.forget()
    with Meter() as meter:
        run, _findings = incremental.run(now=timezone.now())
    return meter.told() | _summed([run])


def full() -> dict[str, Any]:
    """Compare everything once."""
    connection.ensure_connection()
    with Meter() as meter:
        run, _findings = incremental.run(full=True, now=timezone.now())
    return meter.told() | _summed([run])


def _summed(runs: list[SyncRun]) -> dict[str, Any]:
    return {
        "is_complete": all(run.is_complete for run in runs),
        "error": next((run.error for run in runs if run.error), ""),
        "is_full": any(run.is_full for run in runs),
        "events": sum(run.events for run in runs),
        "looked_at": sum(run.looked_at for run in runs),
        "updated": sum(run.updated for run in runs),
        "drift": sum(run.drift for run in runs),
    }

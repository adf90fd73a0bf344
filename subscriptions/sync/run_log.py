"""The record of sync runs: what each did and cost, the state they leave behind, and a one-line summary."""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from subscriptions import limits, our_clock
from subscriptions.formatting import format_count
from subscriptions.models import SyncRun, SyncState, WebhookEvent
from subscriptions.sync.context import SyncResults

# Finished events and runs older than this are deleted; failed events are kept.
KEEP_FOR = timedelta(days=60)

# A run stores at most so many ids of rows that drifted, and of rows that Stripe does not know.
MAX_IDS = 100


def set_drift(run: SyncRun, ids: list[str]) -> None:
    run.drift, run.drifted = len(ids), ids[:MAX_IDS]


def set_unknown(run: SyncRun, ids: list[str]) -> None:
    run.unknown, run.unknown_ids = len(ids), ids[:MAX_IDS]


def record_end(run: SyncRun, results: SyncResults, *, stripe_calls: int, was_stopped: bool = False) -> None:
    """Record how a run ended. A pass without events or errors is counted in the state, but gets no row."""
    run.finished_at = timezone.now()
    run.stripe_calls = stripe_calls
    run.events, run.failed, run.archived = results.events, results.failed, results.archived
    run.looked_at, run.updated = results.looked_at, results.updated
    run.failed_objects = results.failed_objects
    run.failures = [one._asdict() for one in results.failures]
    if run.is_full or not run.is_complete or not results.is_empty:
        run.save(force_insert=True)
    _update_state(run, was_stopped=was_stopped)
    if run.is_complete and run.is_full:
        _delete_old(before=min(run.started_at, _surely_reached(run.finished_at)) - KEEP_FOR)


def record_cron(*, folder: str, now: datetime) -> None:
    """Record that cron has started a pass, with the code in this folder."""
    SyncState.objects.get_or_create(pk=SyncState.THE_ONE)
    SyncState.objects.filter(pk=SyncState.THE_ONE).update(cron_started_at=now, cron_folder=folder)


def summarise(run: SyncRun) -> str:
    """Return one line for people and logs: what the run did, what it cost, and the error that stopped it."""
    kind = "Full sync" if run.is_full else "Sync"
    outcome = "complete" if run.is_complete else "NOT complete"
    error = f" ({run.error})" if run.error else ""
    return f"{kind} {outcome}: {', '.join(_figures(run))}{error}."


def _update_state(run: SyncRun, *, was_stopped: bool) -> None:
    states = SyncState.objects.filter(pk=SyncState.THE_ONE)
    states.update(passes=F("passes") + 1, stripe_calls=F("stripe_calls") + run.stripe_calls)
    if run.is_complete:
        states.update(last_pass_at=run.started_at, failing_since_at=None, last_error="")
    elif not was_stopped:
        is_unknown = Q(failing_since_at=None) | our_clock.impossible("failing_since_at", now=run.started_at)
        states.filter(is_unknown).update(failing_since_at=run.started_at)
        states.update(last_error=run.error or f"{run.failed} events failed")


def _surely_reached(moment: datetime) -> datetime:
    """Return the moment, by Stripe's clock if ours is ahead of it: ours is wrong then, and would delete too much."""
    seconds = SyncState.objects.values_list("clock_offset", flat=True).first() or 0
    return moment + timedelta(seconds=min(seconds, 0))


def _delete_old(*, before: datetime) -> None:
    WebhookEvent.objects.filter(state__in=WebhookEvent.FINAL, received_at__lt=before).delete()
    SyncRun.objects.filter(started_at__lt=before).delete()
    limits.delete_old(now=timezone.now())


def _figures(run: SyncRun) -> list[str]:
    figures = [
        format_count(run.events, "event"),
        f"{format_count(run.looked_at, 'subscription')} {'compared' if run.is_full else 'looked at'}",
        f"{run.updated:,} updated",
    ]
    if run.is_full:
        figures += [_drift(run.drift), f"{run.unknown:,} unknown to Stripe"]
    figures.append(f"{run.failed:,} failed{' (the next pass tries again)' if run.failed else ''}")
    if run.failed_objects:
        figures.append(f"{format_count(run.failed_objects, 'object')} failed (the admin shows why, under Sync runs)")
    if run.archived:
        figures.append(f"{format_count(run.archived, 'customer')} archived or deleted")
    return [*figures, f"{format_count(run.stripe_calls, 'Stripe call')} in {_seconds(run)} s"]


def _drift(rows: int) -> str:
    return f"drift {format_count(rows, 'row')} (no webhook or event had reported the change)" if rows else "no drift"


def _seconds(run: SyncRun) -> str:
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
    return f"{seconds:.2f}" if seconds < 1 else f"{seconds:,.1f}"

"""The sync's own books: what each run did and cost, and how the sync stands."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from subscriptions.models import SyncRun, SyncState, WebhookEvent
from subscriptions.sync.results import SyncResults

# Finished events and old runs are forgotten after this; failed events never.
KEPT = timedelta(days=60)

# Of the rows that drifted or that Stripe does not know, so many are named.
NAMED = 100


def set_drift(run: SyncRun, ids: list[str]) -> None:
    run.drift, run.drifted = len(ids), ids[:NAMED]


def set_unknown(run: SyncRun, ids: list[str]) -> None:
    run.unknown, run.unknown_ids = len(ids), ids[:NAMED]


def record_end(run: SyncRun, results: SyncResults, *, stripe_calls: int, was_stopped: bool = False) -> None:
    """Take down how a run ended. One that had work or trouble is kept; a quiet pass leaves no row behind."""
    run.finished_at = timezone.now()
    run.stripe_calls = stripe_calls
    run.events, run.failed, run.archived = results.events, results.failed, results.archived
    run.looked_at, run.updated = results.looked_at, results.updated
    if run.is_full or not run.is_complete or not results.is_empty:
        run.save(force_insert=True)
    _note_standing(run, was_stopped=was_stopped)
    if run.is_complete and run.is_full:
        _forget_old(before=run.started_at - KEPT)


def _note_standing(run: SyncRun, *, was_stopped: bool) -> None:
    states = SyncState.objects.filter(pk=SyncState.THE_ONE)
    states.update(passes=F("passes") + 1, stripe_calls=F("stripe_calls") + run.stripe_calls)
    if run.is_complete:
        states.update(last_pass_at=run.started_at, failing_since_at=None, last_error="")
    elif not was_stopped:
        states.filter(failing_since_at=None).update(failing_since_at=run.started_at)
        states.update(last_error=run.error or f"{run.failed} events failed")


def _forget_old(*, before: datetime) -> None:
    WebhookEvent.objects.filter(state__in=WebhookEvent.FINAL, received_at__lt=before).delete()
    SyncRun.objects.filter(started_at__lt=before).delete()

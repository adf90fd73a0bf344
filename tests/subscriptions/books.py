"""The sync's books, filled in as a test needs them."""

from datetime import datetime, timedelta
from typing import Any

from subscriptions.models import SyncRun, SyncState, WebhookEvent

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def in_step(now: datetime, **columns: Any) -> SyncState:
    """A sync that is well: a pass ten seconds ago, a full one in the night."""
    standing = {
        "watermark": now - timedelta(seconds=12),
        "last_pass_at": now - timedelta(seconds=10),
        "last_full_at": now - 6 * HOUR,
        "passes": 200,
        "stripe_calls": 250,
    }
    return SyncState.objects.create(**{**standing, **columns})


def full_run(now: datetime, *, age: timedelta = 6 * HOUR, **columns: Any) -> SyncRun:
    began = now - age
    standing = {"is_full": True, "is_complete": True, "started_at": began, "finished_at": began + MINUTE}
    return SyncRun.objects.create(**{**standing, **columns})


def event(now: datetime, pk: str, *, age: timedelta = HOUR, **columns: Any) -> WebhookEvent:
    standing = {"type": "invoice.paid", "source": "webhook", "state": "done", "stripe_created_at": now - age}
    made = WebhookEvent.objects.create(pk=pk, **{**standing, **columns})
    WebhookEvent.objects.filter(pk=pk).update(received_at=now - age)
    return made


def many_rows(now: datetime, count: int) -> None:
    """As many events and runs; no webhook brought any of the events, and a tenth of them failed."""
    events = [
        WebhookEvent(
            pk=f"evt_many{number}",
            type=f"type.{number % 20}",
            source="sync",
            state="failed" if number % 10 == 0 else "done",
            stripe_created_at=now - number * MINUTE,
        )
        for number in range(count)
    ]
    WebhookEvent.objects.bulk_create(events)
    WebhookEvent.objects.update(received_at=now - HOUR)
    runs = range(count)
    SyncRun.objects.bulk_create(
        [SyncRun(started_at=now - run * MINUTE, is_full=run % 50 == 0, is_complete=True) for run in runs]
    )

"""Sync health: how far our copy is behind Stripe, what went wrong, what it cost, and whether webhooks still come.

Read from our books alone: seven queries, however many rows they hold, and no call to Stripe.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum

from subscriptions.models import SyncRun, SyncState, WebhookEvent
from subscriptions.monitoring import webhook_gap
from subscriptions.monitoring.webhook_gap import WebhookGap
from subscriptions.webhooks import inbox

# A pass may wait for Stripe for as long before anything is wrong.
STALE_AFTER = timedelta(minutes=5)
STALE_AFTER_INTERVALS = 3
FULL_IS_OVERDUE_AFTER = 2  # times SYNC_FULL_EVERY_HOURS

DAY = timedelta(days=1)
RUNS_SHOWN = 10

State = WebhookEvent.State


@dataclass(frozen=True, slots=True)
class Note:
    """Something to look after; `code` is for programs and stays."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Events of one type that are not finished; `given_up` ones the sync no longer tries."""

    type: str
    state: str
    events: int
    given_up: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Brought:
    """How many events came this way: by a webhook, or by the sync alone."""

    total: int = 0
    last_day: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Health:
    """What our books say at `now`."""

    now: datetime
    state: SyncState
    unfinished: list[Unfinished]
    by_webhook: Brought
    by_sync: Brought
    silence: WebhookGap | None
    last_full: SyncRun | None
    runs: list[SyncRun]
    calls_last_day: int

    @property
    def lag(self) -> timedelta | None:
        """How far the watermark is behind Stripe's clock: what happened since is not in our books for certain."""
        stripe_now = self.now + timedelta(seconds=self.state.clock_offset)
        return max(stripe_now - self.state.watermark, timedelta()) if self.state.watermark else None

    @property
    def pass_age(self) -> timedelta | None:
        """How long ago the last complete pass ended; a quiet one ends where it begins."""
        ends = [run.finished_at for run in self.runs if run.is_complete] + [self.state.last_pass_at]
        return self.now - max(filter(None, ends)) if self.state.last_pass_at else None

    @property
    def is_at_work(self) -> bool:
        """Whether a sync holds the lease, which a long one goes on extending."""
        return self.state.lease_until is not None and self.state.lease_until > self.now

    @property
    def full_age(self) -> timedelta | None:
        return self.now - self.state.last_full_at if self.state.last_full_at else None

    @property
    def failed(self) -> list[Unfinished]:
        return [events for events in self.unfinished if events.state == State.FAILED]

    @property
    def failed_events(self) -> int:
        return sum(events.events for events in self.failed)

    @property
    def calls_per_pass(self) -> float:
        return self.state.stripe_calls / self.state.passes if self.state.passes else 0.0

    @property
    def problems(self) -> list[Note]:
        """What somebody must look after now."""
        return list(_problems(self))

    @property
    def warnings(self) -> list[Note]:
        """What somebody should know, though the copy is right or soon will be."""
        return list(_warnings(self))


def read(*, now: datetime) -> Health:
    state = SyncState.objects.filter(pk=SyncState.THE_ONE).first() or SyncState()
    brought = _brought(now)
    by_webhook = brought.get(WebhookEvent.Source.WEBHOOK, Brought())
    runs_of_the_day = SyncRun.objects.filter(started_at__gte=now - DAY)
    return Health(
        now=now,
        state=state,
        unfinished=_unfinished(),
        by_webhook=by_webhook,
        by_sync=brought.get(WebhookEvent.Source.SYNC, Brought()),
        silence=webhook_gap.found(now=now, last_webhook_at=by_webhook.last_at),
        last_full=SyncRun.objects.filter(is_full=True, is_complete=True).order_by("-started_at").first(),
        runs=list(SyncRun.objects.order_by("-started_at")[:RUNS_SHOWN]),
        calls_last_day=runs_of_the_day.aggregate(calls=Sum("stripe_calls"))["calls"] or 0,
    )


def stale_after() -> timedelta:
    """How old the last complete pass may be."""
    return max(STALE_AFTER, STALE_AFTER_INTERVALS * timedelta(seconds=settings.SYNC_INTERVAL_SECONDS))


def in_words(span: timedelta) -> str:
    """A length of time in its largest unit that says enough: 45 s, 12 min, 5 h, 3 d."""
    seconds = max(span.total_seconds(), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _unfinished() -> list[Unfinished]:
    open_ones = WebhookEvent.objects.filter(state__in=[State.FAILED, State.RECEIVED, State.PROCESSING])
    has_failed_too_often = Q(state=State.FAILED, attempts__gte=inbox.MAX_ATTEMPTS)
    by_type = open_ones.order_by("type", "state").values_list("type", "state")
    counted = by_type.annotate(
        events=Count("pk"), given_up=Count("pk", filter=has_failed_too_often), oldest_at=Min("stripe_created_at")
    )
    return [Unfinished(*row) for row in counted]


def _brought(now: datetime) -> dict[str, Brought]:
    is_of_the_day = Q(received_at__gte=now - DAY)
    by_source = WebhookEvent.objects.order_by().values_list("source")
    # By columns that one index can hold, so that no row need be read.
    counted = by_source.annotate(
        total=Count("source"), last_day=Count("source", filter=is_of_the_day), last_at=Max("received_at")
    )
    return {source: Brought(*figures) for source, *figures in counted}


def _problems(health: Health) -> Iterator[Note]:
    state = health.state
    if health.pass_age is None:
        yield Note("no_pass", "No sync has been complete yet. Is it running?")
    elif health.pass_age > stale_after() and not health.is_at_work:
        yield Note("stale_pass", f"The last complete pass was {in_words(health.pass_age)} ago. Is the sync running?")
    if (span := _failing_for(health)) is not None and span > stale_after():
        yield Note("passes_failing", f"Passes have failed for {in_words(span)}: {state.last_error}")
    if given_up := sum(events.given_up for events in health.failed):
        message = f"The sync has given up on {given_up} failed event(s). Mend the cause and process them again."
        yield Note("events_failed", message)
    if state.last_pass_at is not None and _is_full_overdue(health):
        age = f"was {in_words(health.full_age)} ago" if health.full_age else "has never been complete"
        yield Note("full_overdue", f"The last full sync {age}; one is due every {settings.SYNC_FULL_EVERY_HOURS} h.")


def _warnings(health: Health) -> Iterator[Note]:
    if (span := _failing_for(health)) is not None and span <= stale_after():
        yield Note("pass_failed", f"The last pass failed, the next tries again: {health.state.last_error}")
    if waiting := sum(events.events - events.given_up for events in health.failed):
        yield Note("events_waiting", f"{waiting} event(s) failed and will be tried again by the next pass.")
    if health.silence:
        yield Note("webhooks_silent", str(health.silence))
    if health.last_full and health.last_full.unknown:
        message = f"Stripe does not know {health.last_full.unknown} of our rows. Is STRIPE_KEY another account's?"
        yield Note("rows_unknown", message)


def _failing_for(health: Health) -> timedelta | None:
    return health.now - health.state.failing_since_at if health.state.failing_since_at else None


def _is_full_overdue(health: Health) -> bool:
    limit = FULL_IS_OVERDUE_AFTER * timedelta(hours=settings.SYNC_FULL_EVERY_HOURS)
    return health.full_age is None or health.full_age > limit

"""The health of the sync: how far the copy is behind Stripe, failures, cost, and whether webhooks still arrive.

Read from our own tables: eight queries, however many rows there are, and no call to Stripe.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum

from subscriptions import our_clock, stripe_clock
from subscriptions.formatting import format_count, format_duration
from subscriptions.models import SyncRun, SyncState, WebhookEvent
from subscriptions.monitoring import dispute_deadlines, webhook_gap
from subscriptions.monitoring.dispute_deadlines import WaitingDisputes
from subscriptions.monitoring.webhook_gap import WebhookGap
from subscriptions.sync import lease
from subscriptions.webhooks import inbox

# A pass may wait this long for Stripe before it counts as late.
STALE_AFTER = timedelta(minutes=5)
STALE_AFTER_INTERVALS = 3
FULL_OVERDUE_AFTER_INTERVALS = 2  # SYNC_FULL_EVERY_HOURS each

DAY = timedelta(days=1)
RUNS_SHOWN = 10

State = WebhookEvent.State

# So many of the failed objects are named.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Note:
    """A problem or a warning; programs rely on `code`, so it never changes."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Events of one type and state that are not finished; the sync no longer tries those `given_up`."""

    type: str
    state: str
    events: int
    given_up: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """How many events came by one source: by webhook, or by the sync alone."""

    total: int = 0
    last_day: int = 0
    last_at: datetime | None = None
    wrong_at: datetime | None = None  # The newest of those that came in the future, by a clock that was wrong.


@dataclass(frozen=True, kw_only=True)
class Health:
    """The health of the sync at `now`."""

    now: datetime
    state: SyncState
    unfinished: list[Unfinished]
    by_webhook: Received
    by_sync: Received
    webhook_gap: WebhookGap | None
    disputes: WaitingDisputes
    last_full: SyncRun | None
    runs: list[SyncRun]
    calls_last_day: int

    @property
    def lag(self) -> timedelta | None:
        """How far the watermark is behind Stripe's clock; later events may be missing here."""
        stripe_now = self.now + timedelta(seconds=self.state.clock_offset)
        return max(stripe_now - self.state.watermark, timedelta()) if self.state.watermark else None

    @property
    def pass_age(self) -> timedelta | None:
        """How long ago the last complete pass ended; of a pass that found nothing, only the beginning is stored."""
        ends = [run.finished_at for run in self.runs if run.is_complete] + [self.state.last_pass_at]
        known = [end for end in ends if end and not our_clock.is_impossible(end, now=self.now)]
        return self.now - max(known) if known and self.state.last_pass_at else None

    @property
    def is_running(self) -> bool:
        """Whether a sync holds the lease; a long sync keeps extending it."""
        until = self.state.lease_until
        is_wrong = our_clock.is_impossible(until, now=self.now, at_most=lease.LEASE)
        return until is not None and until > self.now and not is_wrong

    @property
    def full_age(self) -> timedelta | None:
        last_full_at = our_clock.possible(self.state.last_full_at, now=self.now)
        return self.now - last_full_at if last_full_at else None

    @property
    def wrong_at(self) -> datetime | None:
        """The latest stored time that lies in the future: our clock was wrong then. None if there is none."""
        stored = [self.state.last_pass_at, self.state.last_full_at, self.state.failing_since_at]
        stored += [run.started_at for run in self.runs] + [self.by_webhook.wrong_at, self.by_sync.wrong_at]
        if self.state.lease_until:
            stored.append(self.state.lease_until - lease.LEASE)
        return max((at for at in stored if at and our_clock.is_impossible(at, now=self.now)), default=None)

    @property
    def clock_error(self) -> timedelta:
        """How far our clock is ahead of Stripe's, below zero if it is behind; zero if that is as it should be.

        Something that stands in for Stripe may have had its clock moved forward, never back.
        """
        if self.wrong_at:
            return timedelta()  # The offset was measured with that clock.
        ahead = timedelta(seconds=-self.state.clock_offset)
        is_allowed = abs(ahead) <= stripe_clock.CLOCKS_AGREE_WITHIN or (
            ahead < timedelta() and settings.STRIPE_API_BASE
        )
        return timedelta() if is_allowed else ahead

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
        """Problems that need attention now."""
        return list(_problems(self))

    @property
    def warnings(self) -> list[Note]:
        """Warnings: the copy is right, or will be after the next pass."""
        return list(_warnings(self))


def read(*, now: datetime) -> Health:
    state = SyncState.objects.filter(pk=SyncState.THE_ONE).first() or SyncState()
    received = _received(now)
    by_webhook = received.get(WebhookEvent.Source.WEBHOOK, Received())
    runs_of_last_day = SyncRun.objects.filter(started_at__gte=now - DAY)
    return Health(
        now=now,
        state=state,
        unfinished=_unfinished(),
        by_webhook=by_webhook,
        by_sync=received.get(WebhookEvent.Source.SYNC, Received()),
        disputes=dispute_deadlines.find(now=now + timedelta(seconds=state.clock_offset)),
        webhook_gap=webhook_gap.find(now=now, last_webhook_at=by_webhook.last_at),
        last_full=SyncRun.objects.complete_full(now=now).first(),
        runs=list(SyncRun.objects.order_by("-started_at")[:RUNS_SHOWN]),
        calls_last_day=runs_of_last_day.aggregate(calls=Sum("stripe_calls"))["calls"] or 0,
    )


def stale_after() -> timedelta:
    """How old the last complete pass may be."""
    return max(STALE_AFTER, STALE_AFTER_INTERVALS * timedelta(seconds=settings.SYNC_INTERVAL_SECONDS))


def _unfinished() -> list[Unfinished]:
    unfinished = WebhookEvent.objects.filter(state__in=[State.FAILED, State.RECEIVED, State.PROCESSING])
    is_given_up = Q(state=State.FAILED, attempts__gte=inbox.MAX_ATTEMPTS)
    by_type = unfinished.order_by("type", "state").values_list("type", "state")
    counted = by_type.annotate(
        events=Count("pk"), given_up=Count("pk", filter=is_given_up), oldest_at=Min("stripe_created_at")
    )
    return [Unfinished(*row) for row in counted]


def _received(now: datetime) -> dict[str, Received]:
    is_wrong = our_clock.impossible("received_at", now=now)
    is_right = our_clock.not_impossible("received_at", now=now)
    is_of_last_day = Q(received_at__gte=now - DAY) & is_right
    by_source = WebhookEvent.objects.order_by().values_list("source")
    # Only columns of one index, so that the database answers from the index without reading rows.
    counted = by_source.annotate(
        total=Count("source"),
        last_day=Count("source", filter=is_of_last_day),
        last_at=Max("received_at", filter=is_right),
        wrong_at=Max("received_at", filter=is_wrong),
    )
    return {source: Received(*figures) for source, *figures in counted}


def _problems(health: Health) -> Iterator[Note]:
    state = health.state
    if health.clock_error:
        side = "ahead of" if health.clock_error > timedelta() else "behind"
        error = format_duration(abs(health.clock_error))
        yield Note("clock_wrong", f"The clock of the machine that syncs is {error} {side} Stripe's. Set it right.")
    if health.pass_age is None:
        yield Note("no_pass", "No sync has completed yet. Is it running?")
    elif health.pass_age > stale_after() and not health.is_running:
        age = format_duration(health.pass_age)
        yield Note("stale_pass", f"The last complete pass was {age} ago. Is the sync running?")
    if (span := _failing_for(health)) is not None and span > stale_after():
        yield Note("passes_failing", f"Passes have failed for {format_duration(span)}: {state.last_error}")
    if given_up := sum(events.given_up for events in health.failed):
        message = f"The sync has given up on {given_up} failed event(s). Fix the cause and process them again."
        yield Note("events_failed", message)
    if state.last_pass_at is not None and _is_full_overdue(health):
        age = f"was {format_duration(health.full_age)} ago" if health.full_age else "has never completed"
        yield Note("full_overdue", f"The last full sync {age}; one is due every {settings.SYNC_FULL_EVERY_HOURS} h.")
    if health.disputes.near:
        waiting = _disputes(health.disputes.near, health.disputes.first_at)
        yield Note("disputes_due", f"{waiting}: without one, the bank decides for its customer.")


def _warnings(health: Health) -> Iterator[Note]:
    if health.wrong_at:
        message = (
            f"A clock was wrong: something is recorded as of {health.wrong_at:%Y-%m-%d %H:%M:%S} UTC, which is in the "
            "future. Such times count as none, and the next pass compares everything again."
        )
        yield Note("clock_was_wrong", message)
    if (span := _failing_for(health)) is not None and span <= stale_after():
        yield Note("pass_failed", f"The last pass failed; the next one tries again: {health.state.last_error}")
    if waiting := sum(events.events - events.given_up for events in health.failed):
        yield Note("events_waiting", f"{waiting} event(s) failed; the next pass tries them again.")
    if later := health.disputes.total - health.disputes.near:
        yield Note("disputes_waiting", f"{_disputes(later, health.disputes.first_later_at)}.")
    if health.webhook_gap:
        yield Note("webhooks_silent", str(health.webhook_gap))
    if health.last_full and health.last_full.failed_objects:
        run = health.last_full
        named = ", ".join(failure["id"] for failure in run.failures[:NAMED])
        more = f" and {run.failed_objects - NAMED} more" if run.failed_objects > NAMED else ""
        count = format_count(run.failed_objects, "object")
        yield Note("objects_failed", f"The last full sync failed on {count}: {named}{more}. Its page says why.")
    if health.last_full and health.last_full.unknown:
        message = f"Stripe does not know {health.last_full.unknown} of our rows. Is STRIPE_KEY for another account?"
        yield Note("rows_unknown", message)


def _disputes(count: int, first: datetime | None) -> str:
    by = f" (the first by {first:%Y-%m-%d %H:%M} UTC)" if first else ""
    return f"{format_count(count, 'disputed payment')} to be answered in Stripe's dashboard{by}"


def _failing_for(health: Health) -> timedelta | None:
    if health.state.failing_since_at is None:
        return None
    return health.now - (our_clock.possible(health.state.failing_since_at, now=health.now) or health.now)


def _is_full_overdue(health: Health) -> bool:
    limit = FULL_OVERDUE_AFTER_INTERVALS * timedelta(hours=settings.SYNC_FULL_EVERY_HOURS)
    return health.full_age is None or health.full_age > limit

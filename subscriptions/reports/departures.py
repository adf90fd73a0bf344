"""Why subscriptions ended: counts by month, the answers that people chose, and their latest comments."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, QuerySet
from django.db.models.functions import ExtractMonth, ExtractYear

from billing.models import words_for
from subscriptions.models import Subscription

MONTHS = 12
COMMENTS = 50

Reason = Subscription.CancellationReason
DISPUTED = Reason.PAYMENT_DISPUTED
FAILED = Reason.PAYMENT_FAILED


@dataclass(frozen=True)
class Month:
    """How many subscriptions ended in a month that begins at `starts_at` (UTC), by cause."""

    starts_at: datetime
    left: int = 0
    payment_failed: int = 0
    disputed: int = 0
    other: int = 0

    @property
    def ends_at(self) -> datetime:
        """When the next month begins."""
        return self.starts_at.replace(
            year=self.starts_at.year + self.starts_at.month // 12, month=self.starts_at.month % 12 + 1
        )

    @property
    def total(self) -> int:
        return self.left + self.payment_failed + self.disputed + self.other


@dataclass(frozen=True)
class Answer:
    """How many people chose an answer when they cancelled, with Stripe's name for it."""

    value: str
    words: str
    total: int


@dataclass(frozen=True)
class Departures:
    months: Sequence[Month]
    answers: Sequence[Answer]
    comments: Sequence[Subscription]

    @property
    def since(self) -> datetime:
        return self.months[-1].starts_at


def read(*, now: datetime) -> Departures:
    """Read the departures of the current month and the eleven before it, newest first; three queries.

    A subscription whose first payment never arrived did not leave, and is not counted.
    """
    starts = _month_starts(now)
    left = Subscription.objects.filter(status=Subscription.Status.CANCELED, is_deleted=False)
    ended = left.filter(ended_at__gte=starts[-1])
    # By year and month, because not every engine of the tests truncates a date.
    rows = (
        ended.annotate(year=ExtractYear("ended_at", tzinfo=UTC), month=ExtractMonth("ended_at", tzinfo=UTC))
        .values("year", "month", "cancellation_reason")
        .annotate(total=Count("pk"))
        .order_by()
    )
    by_cause = Counter(
        {(_month_start(row["year"], row["month"]), row["cancellation_reason"]): row["total"] for row in rows}
    )
    return Departures([_month(start, by_cause) for start in starts], _answers(ended), _comments(ended))


def _month_starts(now: datetime) -> list[datetime]:
    months = now.year * 12 + now.month - 1
    counted = range(months, months - MONTHS, -1)
    return [_month_start(number // 12, number % 12 + 1) for number in counted]


def _month_start(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def _month(starts_at: datetime, by_cause: Counter[tuple[datetime, str]]) -> Month:
    of_month = Counter({cause: total for (month, cause), total in by_cause.items() if month == starts_at})
    known = {"left": of_month[Reason.REQUESTED], "payment_failed": of_month[FAILED], "disputed": of_month[DISPUTED]}
    return Month(starts_at, **known, other=of_month.total() - sum(known.values()))


def _answers(ended: QuerySet[Subscription]) -> list[Answer]:
    chosen = (
        ended.exclude(cancellation_feedback="").values_list("cancellation_feedback").annotate(Count("pk")).order_by()
    )
    found: Iterable[tuple[str, int]] = sorted(chosen, key=lambda row: (-row[1], row[0]))
    return [Answer(value, words_for(Subscription.CancellationFeedback, value), total) for value, total in found]


def _comments(ended: QuerySet[Subscription]) -> list[Subscription]:
    said = ended.exclude(cancellation_comment="").select_related("customer", "product")
    return list(said.order_by("-ended_at")[:COMMENTS])

"""Disputes that wait for an answer: without one by the deadline, the bank decides for its customer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from subscriptions.models import Dispute

NEAR = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class WaitingDisputes:
    """How many disputes wait for an answer, how many of them with a near deadline, and the first deadlines."""

    total: int
    near: int
    first_at: datetime | None
    first_later_at: datetime | None


def find(*, now: datetime) -> WaitingDisputes:
    """Return the disputes that can still be answered, in one query; `now` is on Stripe's clock."""
    is_near = Q(due_by_at__lte=now + NEAR)
    counted = Dispute.objects.waiting(now=now).aggregate(
        total=Count("pk"),
        near=Count("pk", filter=is_near),
        first_at=Min("due_by_at"),
        first_later_at=Min("due_by_at", filter=Q(due_by_at__gt=now + NEAR)),
    )
    return WaitingDisputes(**counted)

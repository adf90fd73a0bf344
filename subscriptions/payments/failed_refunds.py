"""Refunds that failed days after staff made them: the money is not with its customer."""

from datetime import datetime, timedelta

from subscriptions.models import Refund

# Staff are told of a failed refund for this long; by then its customer has usually asked for the money.
TOLD_FOR = timedelta(days=60)


def find(*, now: datetime) -> list[Refund]:
    """Return the refunds that failed and were not made again since, the newest first; `now` is on Stripe's clock."""
    recent = Refund.objects.filter(stripe_created_at__gte=now - TOLD_FOR, is_deleted=False)
    failed = list(recent.filter(status=Refund.Status.FAILED).order_by("-stripe_created_at", "pk"))
    if not failed:
        return []
    intents = {refund.payment_intent_id for refund in failed}
    again = list(recent.filter(status__in=Refund.STANDING, payment_intent_id__in=list(intents)))
    return [refund for refund in failed if not any(_is_later(other, refund) for other in again)]


def _is_later(other: Refund, refund: Refund) -> bool:
    is_same = other.payment_intent_id == refund.payment_intent_id
    return is_same and other.created_at is not None and other.created_at > (refund.created_at or other.created_at)

"""A change to another product, announced before Stripe is asked for it, until its outcome is in the mirror.

A process that dies in between leaves the announcement. Without it that product could be bought besides until an event
tells of the change, and would be paid twice from then on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.utils import timezone

from billing import gateway
from billing.errors import StripeUnavailable
from billing.mirror import engine
from billing.models import Price
from subscriptions.mirror import kinds, refresh
from subscriptions.models import Subscription

# Longer than the calls of a change take, with their retries.
TAKES_AT_MOST = timedelta(minutes=2)


class StillUnderWay(Exception):
    """Whether the subscription changes can't be told yet."""


@contextmanager
def announced(subscription: Subscription, price: Price) -> Iterator[None]:
    """Announce the change that is asked for inside; what came of it is known afterwards, save when Stripe was away."""
    if price.product_id in subscription.product_ids:
        yield
        return
    row = Subscription.objects.filter(pk=subscription.pk)
    row.update(changing_to=price.product_id, changing_since_at=timezone.now())
    try:
        yield
    except StripeUnavailable:
        # Done or not: whoever needs to know asks.
        raise
    except Exception:
        _withdraw(subscription, str(price.product_id))
        raise
    _withdraw(subscription, str(price.product_id))


def outcome(subscription: Subscription, product_id: str, *, now: datetime) -> Subscription | None:
    """Ask Stripe what came of an announced change: the subscription, if it has that product now or soon, else None.

    Raises StillUnderWay while that may yet change, StripeUnavailable or StripeMisconfigured.
    """
    since = subscription.changing_since_at
    subscription = refresh.fetch(subscription)
    has_it = product_id in subscription.product_ids or _is_to_have(subscription, product_id)
    if not has_it and since is not None and now - since < TAKES_AT_MOST:
        raise StillUnderWay
    _withdraw(subscription, product_id)
    return subscription if has_it else None


def _is_to_have(subscription: Subscription, product_id: str) -> bool:
    if subscription.schedule_id is None:
        return False
    schedule_id = str(subscription.schedule_id)
    read = engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.retrieve_schedule(schedule_id))
    schedule = read.row
    if schedule is None or not schedule.has_pending_change or schedule.next_price is None:
        return False
    return bool(schedule.next_price.product_id == product_id)


def _withdraw(subscription: Subscription, product_id: str) -> None:
    Subscription.objects.filter(pk=subscription.pk, changing_to=product_id).update(
        changing_to="", changing_since_at=None
    )

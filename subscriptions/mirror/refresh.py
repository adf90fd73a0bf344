"""Fetching or changing one subscription at Stripe, and writing the answer to its row."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from billing import gateway
from billing.errors import StripeMissing, StripeRefused
from billing.gateway.snapshots import Snapshot
from billing.mirror import engine
from subscriptions.mirror import kinds
from subscriptions.models import Subscription, SubscriptionSchedule
from subscriptions.models.subscription_dates import AGREED_END

if TYPE_CHECKING:
    from stripe import params as p


def fetch(subscription: Subscription) -> Subscription:
    """Fetch the subscription, and mirror it."""
    return apply_answer(subscription, lambda: gateway.retrieve_subscription(subscription.pk))


def release_schedule(subscription: Subscription) -> Subscription:
    """Release the subscription from its schedule: Stripe refuses other changes while a schedule manages it.

    An end that was agreed by the schedule stays, and its metadata says so.
    """
    schedule_id = subscription.schedule_id
    if not schedule_id:
        return subscription
    if agreed := subscription.agreed_end_at:
        update(subscription, {"metadata": {AGREED_END: str(int(agreed.timestamp()))}})
    # Stripe refuses if it was released, completed or cancelled meanwhile; the subscription fetched next shows it.
    with suppress(StripeRefused):
        engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.release_schedule(schedule_id))
    return fetch(subscription)


def read_not_started(customer_id: str) -> list[str]:
    """Mirror the schedules at Stripe that would begin a subscription of this customer later; return their ids."""
    found = []
    with suppress(StripeMissing):
        for page in gateway.not_started_schedule_pages(customer_id):
            for snapshot in page.snapshots():
                engine.apply_snapshot(kinds.SCHEDULE, snapshot)
                found.append(snapshot.id)
    return found


def cancel_not_started(customer_id: str) -> Iterator[str]:
    """Cancel the schedules that would begin a subscription of this customer later; yield the id of each.

    Those at Stripe are read first, so that none is missed.
    """
    ours = SubscriptionSchedule.objects.not_started().filter(customer=customer_id).values_list("pk", flat=True)
    for pk in dict.fromkeys([*ours, *read_not_started(customer_id)]):
        # Stripe refuses if it was cancelled or has started meanwhile; the answer of the fetch shows which.
        try:
            engine.apply_answer(kinds.SCHEDULE, pk, partial(gateway.cancel_schedule, pk))
        except StripeMissing:
            continue
        except StripeRefused:
            engine.apply_answer(kinds.SCHEDULE, pk, partial(gateway.retrieve_schedule, pk))
        yield pk


def update(subscription: Subscription, params: "p.SubscriptionUpdateParams") -> Subscription:
    """Change the subscription at Stripe, and mirror the answer."""
    ask = gateway.update_subscription
    return apply_answer(subscription, lambda: ask(subscription.pk, params))


def apply_answer(subscription: Subscription, ask: Callable[[], Snapshot]) -> Subscription:
    return engine.apply_answer(kinds.SUBSCRIPTION, subscription.pk, ask).row or subscription

"""Fetching or changing one subscription at Stripe, and writing the answer to its row."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from billing import gateway
from billing.errors import StripeRefused
from billing.gateway.snapshots import Snapshot
from billing.mirror import engine
from subscriptions.mirror import kinds
from subscriptions.models import Subscription
from subscriptions.models.subscription import AGREED_END

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


def update(subscription: Subscription, params: "p.SubscriptionUpdateParams") -> Subscription:
    """Change the subscription at Stripe, and mirror the answer."""
    ask = gateway.update_subscription
    return apply_answer(subscription, lambda: ask(subscription.pk, params))


def apply_answer(subscription: Subscription, ask: Callable[[], Snapshot]) -> Subscription:
    return engine.apply_answer(kinds.SUBSCRIPTION, subscription.pk, ask).row or subscription

"""What each event of Stripe's does here: a table of event types, each with its handler and why it concerns us.

A handler is given the events about one object that are worked together, and returns what became of its row.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from billing import gateway
from billing.gateway.snapshots import Event
from billing.mirror import engine
from billing.mirror.engine import Mirrored, apply_events
from billing.mirror.kinds import PRICE, PRODUCT, PROMOTION_CODE
from subscriptions.customers import services as customers
from subscriptions.mirror import history, kinds, mapping
from subscriptions.models import CheckoutSession, Subscription, SubscriptionSchedule
from subscriptions.payments import refunds

Handler = Callable[[Sequence[Event]], Mirrored[Any]]


def _session_changed(events: Sequence[Event]) -> Mirrored[CheckoutSession]:
    """Mirror a session; what it brought comes in events of its own, save for a free order, which has no other."""
    result = apply_events(kinds.SESSION, events)
    newest = max(events, key=lambda event: event.created_at)
    if mapping.is_free_order(newest.object):
        apply_events(kinds.FREE_ORDER, [newest])
    return result


def _subscription_changed(events: Sequence[Event]) -> Mirrored[Subscription]:
    """Mirror a subscription; one made in the dashboard may bring a customer or a schedule that we have not met."""
    result = apply_events(kinds.SUBSCRIPTION, events)
    if result.row is not None:
        history.save_line(result.row)
    if result.row is not None and result.row.customer_id:
        customers.ensure_known(result.row.customer_id)
    if result.row is not None and result.row.schedule_id:
        _meet_schedule(result.row.schedule_id)
    if result.row is not None:
        _part_from_schedules(result.row)
    return result


def _meet_schedule(schedule_id: str) -> None:
    """Fetch a schedule that was made with all its phases, so that no event but its creation tells of it."""
    if engine.find(kinds.SCHEDULE, schedule_id) is None:
        engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.retrieve_schedule(schedule_id))


def _part_from_schedules(subscription: Subscription) -> None:
    """Fetch the schedules that managed it and no longer do: of a release no event tells that the sync lists."""
    managing = SubscriptionSchedule.objects.filter(subscription=subscription.pk, status__in=SubscriptionSchedule.LIVE)
    for pk in managing.exclude(pk=subscription.schedule_id or "").values_list("pk", flat=True):
        engine.apply_answer(kinds.SCHEDULE, pk, partial(gateway.retrieve_schedule, pk))


_product = partial(apply_events, PRODUCT)
_price = partial(apply_events, PRICE)
_promotion_code = partial(apply_events, PROMOTION_CODE)
_customer = partial(apply_events, kinds.CUSTOMER)
_payment = partial(apply_events, kinds.PAYMENT)
_invoice = partial(apply_events, kinds.INVOICE)
_schedule = partial(apply_events, kinds.SCHEDULE)

# Events that concern us, each with its reason. The sync asks for these in one call, and Stripe lists 20 types in one.
LISTED_BY_SYNC: dict[str, Handler] = {
    "product.created": _product,  # made in the dashboard
    "product.updated": _product,  # renamed, described, archived, another default price
    "product.deleted": _product,  # gone for good
    "price.created": _price,
    "price.updated": _price,  # archived, restored
    "price.deleted": _price,
    "customer.updated": _customer,  # another e-mail address or name
    "customer.deleted": _customer,  # the person needs another customer
    "checkout.session.completed": _session_changed,  # paid, or paying by a slow method
    "customer.subscription.created": _subscription_changed,
    "customer.subscription.updated": _subscription_changed,  # renewed, changed, overdue, cancel scheduled
    "customer.subscription.deleted": _subscription_changed,  # ended
    "payment_intent.succeeded": _payment,  # a one-time purchase is paid
    "invoice.finalized": _invoice,  # has a number and a page where it can be paid
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,  # tried, and when Stripe tries again
    "invoice.voided": _invoice,
    "invoice.marked_uncollectible": _invoice,
    "refund.created": refunds.refund_changed,  # by staff, here or in the dashboard
    "subscription_schedule.updated": _schedule,  # a change of plan waits, or no longer does
}

# Events that a webhook brings, and that the sync need not ask for: another event or the reconcile tells as much.
WEBHOOK_ONLY: dict[str, Handler] = {
    "promotion_code.created": _promotion_code,  # the reconcile reads all of them
    "promotion_code.updated": _promotion_code,  # used once more, archived
    "customer.created": _customer,  # ours are known, and the others come with their first subscription
    "checkout.session.expired": _session_changed,  # looked up before the claim is used again
    "checkout.session.async_payment_succeeded": _session_changed,  # with payment_intent.succeeded
    "checkout.session.async_payment_failed": _session_changed,
    "payment_intent.payment_failed": _payment,  # the reconcile asks for payments that are on their way
    "customer.subscription.paused": _subscription_changed,  # with customer.subscription.updated
    "customer.subscription.resumed": _subscription_changed,  # with customer.subscription.updated
    "customer.subscription.trial_will_end": _subscription_changed,
    "invoice.created": _invoice,  # a draft; nobody sees it before it is finalized
    "invoice.updated": _invoice,
    "refund.updated": refunds.refund_changed,
    "refund.failed": refunds.refund_changed,
    "subscription_schedule.created": _schedule,
    "subscription_schedule.released": _schedule,  # with customer.subscription.updated
    "subscription_schedule.completed": _schedule,  # with customer.subscription.updated
    "subscription_schedule.canceled": _schedule,  # with customer.subscription.updated
    "subscription_schedule.aborted": _schedule,  # with customer.subscription.updated
}

HANDLERS = LISTED_BY_SYNC | WEBHOOK_ONLY

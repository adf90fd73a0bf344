"""The event types that concern the shop: a table of each type's handler and the reason for it.

A handler gets the events about one object that are handled together, and returns that object's row.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from billing import gateway
from billing.gateway.snapshots import Event
from billing.mirror import engine, registry
from billing.mirror.engine import Mirrored, apply_events
from billing.mirror.kinds import PRICE, PROMOTION_CODE
from billing.models import Price, PromotionCode
from subscriptions.checkout import sessions
from subscriptions.customers import purchases
from subscriptions.customers import services as customers
from subscriptions.mirror import discounts, history, kinds, mapping
from subscriptions.models import CheckoutSession, Customer, Invoice, Payment, Subscription, SubscriptionSchedule
from subscriptions.payments import disputes, refunds

Handler = Callable[[Sequence[Event]], Mirrored[Any]]


def handler_of(event: Event) -> Handler | None:
    """Return what handles an event; None if it does not concern the shop.

    Thin events have types of their own ("customer.subscription.past_due"); each says to look at its object again.
    """
    if not event.is_thin:
        return HANDLERS.get(event.type)
    name = event.object.get("object")
    return BY_OBJECT.get(name, _mirror) if name in {kind.object_name for kind in registry.all_kinds()} else None


def _mirror(events: Sequence[Event]) -> Mirrored[Any]:
    return apply_events(registry.kind_of_event(events[0]), events)


def _code_changed(events: Sequence[Event]) -> Mirrored[PromotionCode]:
    """Mirror a promotion code. Its events only name the coupon, so the terms of an unknown one are fetched."""
    result = apply_events(PROMOTION_CODE, events)
    code = result.row
    if code is not None and not code.coupon and not code.is_deleted:
        return engine.apply_answer(PROMOTION_CODE, code.pk, partial(gateway.retrieve_promotion_code, code.pk))
    return result


def _price_changed(events: Sequence[Event]) -> Mirrored[Price]:
    """Mirror a price. Its events have no amounts in other currencies, so those of one that has some are fetched."""
    result = apply_events(PRICE, events)
    price = result.row
    if price is not None and price.currency_amounts and not price.is_deleted:
        return engine.apply_answer(PRICE, price.pk, partial(gateway.retrieve_price, price.pk))
    return result


def _session_changed(events: Sequence[Event]) -> Mirrored[CheckoutSession]:
    """Mirror a session. What it sold has events of its own, but not a free order, nor a payment that takes days."""
    newest = max(events, key=lambda event: event.created_at)
    is_free_order = mapping.is_free_order(newest.object) and mapping.claim_of(newest.object) is not None
    if is_free_order:
        # So that an unreadable event writes neither row.
        engine.check_readable(kinds.FREE_ORDER, newest)
    result = apply_events(kinds.SESSION, events)
    if is_free_order:
        apply_events(kinds.FREE_ORDER, [newest])
    if result.row is not None:
        sessions.follow_payment(result.row)
    if purchases.is_made_elsewhere(newest.object):
        purchases.read(str(newest.object["id"]))
    return result


def _customer_changed(events: Sequence[Event]) -> Mirrored[Customer]:
    result = apply_events(kinds.CUSTOMER, events)
    if result.row is not None:
        discounts.complete_customer(result.row)
    return result


def _subscription_changed(events: Sequence[Event]) -> Mirrored[Subscription]:
    """Mirror a subscription, and its customer and schedules: those made in the dashboard may be unknown here."""
    result = apply_events(kinds.SUBSCRIPTION, events)
    subscription = result.row
    if subscription is not None:
        history.save_line(subscription)
        if subscription.customer_id:
            customers.ensure_known(subscription.customer_id)
        if subscription.schedule_id:
            _ensure_schedule_known(subscription.schedule_id)
        discounts.complete(subscription)
        foreign = [
            item["price"] for item in subscription.items if item.get("currency") not in {None, subscription.currency}
        ]
        _ensure_amounts_known(foreign, subscription.currency)
        _refresh_former_schedules(subscription)
        if any(event.type.endswith(".created") for event in events):
            # A test card disputes its payment at once, and the dispute's event may come first.
            disputes.settle_subscription(subscription.pk)
    return result


def _payment_changed(events: Sequence[Event]) -> Mirrored[Payment]:
    result = apply_events(kinds.PAYMENT, events)
    if result.row is not None:
        disputes.settle_payment(result.row.payment_intent_id)
    return result


def _invoice_changed(events: Sequence[Event]) -> Mirrored[Invoice]:
    result = apply_events(kinds.INVOICE, events)
    if result.row is not None:
        disputes.invoice_paid(result.row)
    return result


def _schedule_changed(events: Sequence[Event]) -> Mirrored[SubscriptionSchedule]:
    """Mirror a schedule. One that has not started can bill its prices in another currency than their own."""
    result = apply_events(kinds.SCHEDULE, events)
    schedule = result.row
    if schedule is not None and schedule.begins_at and schedule.next_currency:
        items = [schedule.following[0], *schedule.next_further]
        _ensure_amounts_known([item["price"] for item in items], schedule.next_currency)
    return result


def _ensure_amounts_known(price_ids: Sequence[str], currency: str) -> None:
    """Fetch the prices whose amount is not known in the currency that is billed, each once."""
    for price in Price.objects.filter(pk__in=price_ids) if price_ids else ():
        if price.is_plain and price.unit_amount_in(currency) is None:
            engine.apply_answer(PRICE, price.pk, partial(gateway.retrieve_price, price.pk))


def _ensure_schedule_known(schedule_id: str) -> None:
    """Fetch a schedule once: if it was created with all its phases, no event that the sync lists is about it."""
    if engine.find(kinds.SCHEDULE, schedule_id) is None:
        engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.retrieve_schedule(schedule_id))


def _refresh_former_schedules(subscription: Subscription) -> None:
    """Fetch the schedules that no longer manage a subscription: no event that the sync lists is about a release."""
    managing = SubscriptionSchedule.objects.filter(subscription=subscription.pk, status__in=SubscriptionSchedule.LIVE)
    for pk in managing.exclude(pk=subscription.schedule_id or "").values_list("pk", flat=True):
        engine.apply_answer(kinds.SCHEDULE, pk, partial(gateway.retrieve_schedule, pk))


# The sync lists these in one call, and Stripe takes at most 20 types in one.
LISTED_BY_SYNC: dict[str, Handler] = {
    "product.created": _mirror,  # made in the dashboard
    "product.updated": _mirror,  # renamed, described, archived, another default price
    "price.created": _mirror,  # made in the dashboard
    "price.updated": _price_changed,  # archived, restored
    "customer.updated": _customer_changed,  # another e-mail address or name, another discount
    "customer.deleted": _mirror,  # the person needs another customer
    "checkout.session.completed": _session_changed,  # paid, or paying by a slow method
    "customer.subscription.created": _subscription_changed,  # bought, or made in the dashboard
    "customer.subscription.updated": _subscription_changed,  # renewed, changed, overdue, cancel scheduled
    "customer.subscription.deleted": _subscription_changed,  # ended
    "payment_intent.succeeded": _payment_changed,  # a one-time purchase is paid
    "invoice.finalized": _mirror,  # has a number and a page where it can be paid
    "invoice.paid": _invoice_changed,  # paid
    "invoice.payment_failed": _mirror,  # tried, and when Stripe tries again
    "invoice.voided": _mirror,  # cancelled by staff
    "refund.created": refunds.refund_changed,  # by staff, here or in the dashboard
    "checkout.session.async_payment_failed": _session_changed,  # a debit or voucher came to nothing
    "charge.dispute.funds_withdrawn": disputes.dispute_changed,  # access ends
    "charge.dispute.closed": disputes.dispute_changed,  # won or lost
    "subscription_schedule.updated": _schedule_changed,  # a change of plan is scheduled, or no longer is
}

# Only webhooks bring these. If one is lost, an event of the table above or the full reconcile brings the same.
WEBHOOK_ONLY: dict[str, Handler] = {
    "product.deleted": _mirror,  # the reconcile looks for it; it had no price, so nobody can buy it
    "price.deleted": _mirror,  # the reconcile looks for it; nobody has ever bought it
    "invoice.marked_uncollectible": _mirror,  # the reconcile looks up what is no longer open; it can still be paid
    "charge.dispute.created": disputes.dispute_changed,  # with its funds; the reconcile brings inquiries
    "charge.dispute.updated": disputes.dispute_changed,  # answered; the reconcile reads all of them
    "charge.dispute.funds_reinstated": disputes.dispute_changed,  # with charge.dispute.closed
    "promotion_code.created": _code_changed,  # the reconcile reads all of them
    "promotion_code.updated": _code_changed,  # used once more, archived
    "customer.created": _customer_changed,  # ours are known, and the others come with their first subscription
    "checkout.session.expired": _session_changed,  # looked up before the claim is used again
    "checkout.session.async_payment_succeeded": _session_changed,  # with payment_intent.succeeded
    "payment_intent.payment_failed": _payment_changed,  # the reconcile asks for payments that are under way
    "payment_intent.canceled": _payment_changed,  # the reconcile asks for payments that are under way
    "customer.subscription.paused": _subscription_changed,  # with customer.subscription.updated
    "customer.subscription.resumed": _subscription_changed,  # with customer.subscription.updated
    "customer.subscription.trial_will_end": _subscription_changed,  # three days before a trial ends
    "invoice.created": _mirror,  # a draft; nobody sees it before it is finalized
    "invoice.updated": _invoice_changed,  # another amount, another attempt
    "refund.updated": refunds.refund_changed,  # arrived, or failed
    "refund.failed": refunds.refund_changed,  # the bank sent it back
    "subscription_schedule.created": _schedule_changed,  # a change of plan may follow
    "subscription_schedule.released": _mirror,  # with customer.subscription.updated
    "subscription_schedule.completed": _mirror,  # with customer.subscription.updated
    "subscription_schedule.canceled": _mirror,  # with customer.subscription.updated
    "subscription_schedule.aborted": _mirror,  # with customer.subscription.updated
}

HANDLERS = LISTED_BY_SYNC | WEBHOOK_ONLY

# The handlers of objects whose events do more than write the row, by the objects' names.
BY_OBJECT: dict[str, Handler] = {
    "customer": _customer_changed,
    "checkout.session": _session_changed,
    "subscription": _subscription_changed,
    "subscription_schedule": _schedule_changed,
    "payment_intent": _payment_changed,
    "invoice": _invoice_changed,
    "refund": refunds.refund_changed,
    "dispute": disputes.dispute_changed,
}

"""Changing a plan or a quantity: now, or when the paid period ends. What it costs is in preview.py.

Each function makes the change at Stripe and returns the subscription as it then is. All raise StripeUnavailable,
StripeRefused or StripeMisconfigured with nothing changed, or CannotChange with nothing sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from billing import gateway
from billing.errors import StripeRefused
from billing.gateway.snapshots import JSON
from billing.mirror import engine
from billing.models import Price
from subscriptions.checkout import claims
from subscriptions.mirror import kinds, refresh
from subscriptions.models import StatusChange, Subscription, SubscriptionSchedule
from subscriptions.plans import cancel, preview
from subscriptions.plans import schedule as schedules
from subscriptions.plans.errors import MAX_QUANTITY, AlreadyOnIt, CannotChange

if TYPE_CHECKING:
    from stripe import params as p


def choices(*, subscription: Subscription) -> list[Price]:
    """The other prices on sale that it can change to: recurring, and in its currency; cheapest first."""
    prices = Price.objects.on_sale().filter(currency=subscription.currency).select_related("product")
    others = prices.exclude(interval=Price.Interval.ONE_TIME).exclude(pk=subscription.price_id)
    others = others.exclude(product__in=[*_products_beside(subscription), *_held_otherwise(subscription)])
    return list(others.order_by("product__stripe_created_at", "product_id", "unit_amount"))


def usual_quantity(*, subscription: Subscription, price: Price) -> int:
    """As many as there are; one of what is not sold by quantity."""
    is_counted = price.pk == subscription.price_id or (price.product is not None and price.product.has_quantity)
    return subscription.quantity if is_counted else 1


def was_billed_at_once(*, subscription: Subscription) -> bool:
    """Whether Stripe billed the change that brought the subscription to its price at once."""
    arrivals = StatusChange.objects.filter(subscription=subscription, to_price_id=subscription.price_id)
    arrival = arrivals.exclude(from_price_id=subscription.price_id).select_related("from_price", "to_price").first()
    if arrival is None or arrival.from_price is None or arrival.to_price is None:
        return False
    return preview.billed_at_once(status=arrival.from_status, before=arrival.from_price, after=arrival.to_price)


def can_wait(*, subscription: Subscription, price: Price, quantity: int) -> bool:
    """Whether the change may be put off to the period's end: one to something cheaper, or in other intervals."""
    if subscription.on_trial:
        return False
    item = preview.main_item(subscription)
    is_cheaper = (price.unit_amount or 0) * quantity < (item["unit_amount"] or 0) * item["quantity"]
    return is_cheaper or preview.bills_at_once(subscription, price)


def check_change(*, subscription: Subscription, price: Price, quantity: int) -> None:
    """Refuse what can't be changed to; raises CannotChange."""
    _check_subscription(subscription)
    if not 1 <= quantity <= MAX_QUANTITY:
        raise CannotChange.bad_quantity()
    if (price.pk, quantity) == (subscription.price_id, subscription.quantity):
        raise AlreadyOnIt.same()
    _check_price(subscription, price)
    if subscription.cancels_at and preview.bills_at_once(subscription, price):
        # Who pays for a whole new period must not lose it on the old one's last day.
        raise CannotChange.ending()


def _check_price(subscription: Subscription, price: Price) -> None:
    if not price.is_on_sale and price.pk != subscription.price_id:
        raise CannotChange.not_on_sale()
    if not price.is_recurring:
        raise CannotChange.one_time()
    if price.currency != subscription.currency:
        raise CannotChange.other_currency(subscription)
    if price.product_id in _products_beside(subscription):
        raise CannotChange.part_of_it()
    if price.product_id not in subscription.product_ids and price.product_id in _held_otherwise(subscription):
        raise CannotChange.already_held()
    if _is_due_otherwise(subscription, price):
        raise CannotChange.already_due()


def _check_subscription(subscription: Subscription) -> None:
    if subscription.has_ended:
        raise CannotChange.ended()
    if subscription.status == Subscription.Status.PAUSED:
        raise CannotChange.paused()
    if subscription.status not in {Subscription.Status.ACTIVE, Subscription.Status.TRIALING}:
        raise CannotChange.unpaid()
    if not subscription.items:
        raise CannotChange.empty()


def change(*, subscription: Subscription, price: Price, quantity: int, proration_date: int) -> Subscription:
    """Change plan or quantity now, billed as the preview with this `proration_date` (Unix seconds) said.

    The id and the billing date stay, and the difference is on the next invoice; where Stripe bills at once
    (`previews.bills_at_once`), a declined card changes nothing. A change that was waiting is given up.
    """
    with _claimed(subscription, price):
        check_change(subscription=subscription, price=price, quantity=quantity)
        return _changed(refresh.release_schedule(subscription), price, quantity, proration_date)


def _changed(subscription: Subscription, price: Price, quantity: int, proration_date: int) -> Subscription:
    params: p.SubscriptionUpdateParams = {
        "items": [{"id": preview.main_item(subscription)["id"], "price": price.pk, "quantity": quantity}],
        "proration_behavior": "create_prorations",
        "proration_date": proration_date,
        "payment_behavior": "error_if_incomplete",
    }
    # No idempotency key: sent again, it finds the price that it asks for, and Stripe has nothing to prorate.
    try:
        return refresh.update(subscription, params)
    except StripeRefused:
        after = refresh.fetch(subscription)
        if (after.price_id, after.quantity) != (price.pk, quantity):
            raise
        # Done by a try whose answer was lost; its proration date is before the period that it began.
        return after


def schedule_change(*, subscription: Subscription, price: Price, quantity: int) -> Subscription:
    """Change plan or quantity when the paid period ends; nothing is charged or credited before.

    Two calls to Stripe: a schedule is made from the subscription, then told of the change. A stop between them leaves
    a schedule that does nothing, and the next try takes it up. An end that was set is undone: raises CannotResume
    where it has come meanwhile.
    https://docs.stripe.com/billing/subscriptions/subscription-schedules
    """
    with _claimed(subscription, price):
        check_change(subscription=subscription, price=price, quantity=quantity)
        if subscription.on_trial:
            raise CannotChange.on_trial()
        if subscription.cancels_at:
            subscription = cancel.resume(subscription=subscription)
        current = _live_schedule(subscription)
        schedule_id = current["id"]
        params: Any = schedules.with_change(current, price=price, quantity=quantity)
        engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.update_schedule(schedule_id, params))
        return refresh.fetch(subscription)


def undo_scheduled_change(*, subscription: Subscription) -> Subscription:
    """Give up a change that waits for the period's end; the subscription goes on as it is.

    Raises CannotChange when none waits, or it has taken effect meanwhile.
    """
    if not subscription.pending_change:
        raise CannotChange.nothing_pending()
    after = refresh.release_schedule(subscription)
    if (after.price_id, after.quantity) != (subscription.price_id, subscription.quantity):
        raise CannotChange.took_effect()
    return after


def _live_schedule(subscription: Subscription) -> JSON:
    """The schedule that manages the subscription, made where there is none."""
    if subscription.schedule_id:
        schedule = gateway.retrieve_schedule(subscription.schedule_id).object
        if schedule["status"] in SubscriptionSchedule.LIVE:
            return schedule
    return gateway.retrieve_schedule(_new_schedule(subscription)).object


def _new_schedule(subscription: Subscription) -> str:
    try:
        answer = gateway.schedule_from_subscription(subscription.pk)
    except StripeRefused:
        # It has one already: made by a try whose answer was lost.
        found = refresh.fetch(subscription).schedule_id
        if found is None:
            raise
        return str(found)
    engine.apply_snapshot(kinds.SCHEDULE, answer)
    return answer.id


@contextmanager
def _claimed(subscription: Subscription, price: Price) -> Iterator[None]:
    """Claim the price's product for the subscription: it can't be bought, nor another one changed to it, meanwhile."""
    try:
        with claims.changing(subscription=subscription, product_id=str(price.product_id), now=timezone.now()):
            yield
    except claims.StillChanging as error:
        raise CannotChange.other_is_changing() from error


def _products_beside(subscription: Subscription) -> list[str]:
    """What its items are for, save the main one, the only one that is ever changed."""
    return [item["product"] for item in subscription.items[1:]]


def _held_otherwise(subscription: Subscription) -> set[str]:
    """What the customer's other subscriptions are for.

    Not this one's, as it is now: the same change may have been made, by another click, since it was read.
    """
    if subscription.customer_id is None:
        return set()
    others = Subscription.objects.running().filter(customer=subscription.customer_id).exclude(pk=subscription.pk)
    return {product for other in others for product in other.product_ids} - subscription.product_ids


def _is_due_otherwise(subscription: Subscription, price: Price) -> bool:
    """Whether another subscription of the customer changes to the product when its paid period ends."""
    if price.product_id in subscription.product_ids or subscription.customer_id is None or price.product is None:
        return False
    due = Subscription.objects.due_to_change_to(price.product).filter(customer=subscription.customer_id)
    return due.exclude(pk=subscription.pk).exists()

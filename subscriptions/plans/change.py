"""Change a plan or a quantity, now or when the paid period ends. What it costs is in preview.py.

Each function changes the subscription at Stripe and returns its row as it is then. All raise StripeUnavailable,
StripeRefused or StripeMisconfigured, or CannotChange before anything is sent. Only StripeRefused and CannotChange say
for certain that nothing was changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing import gateway, money
from billing.catalog import lookup
from billing.errors import StripeMissing, StripeRefused, StripeUnavailable
from billing.gateway.snapshots import JSON
from billing.linked import linked
from billing.mirror import engine
from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.checkout import claims, first_payments
from subscriptions.customers import ownership
from subscriptions.mirror import kinds, refresh
from subscriptions.models import StatusChange, Subscription, SubscriptionSchedule
from subscriptions.plans import cancel, preview
from subscriptions.plans import schedule as schedules
from subscriptions.plans.errors import MAX_QUANTITY, AlreadyOnIt, CannotChange, SubscriptionRefusal

if TYPE_CHECKING:
    from stripe import params as p

LONGEST_INTERVAL = {
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}

# After these errors the change is certainly not made.
REFUSALS = (SubscriptionRefusal, StripeRefused)


def choices(*, subscription: Subscription) -> list[Price]:
    """Return the prices on sale that the subscription can change to, ordered by product and amount."""
    prices = linked(Price.objects.on_sale().filter(currency=subscription.currency), "product")
    others = prices.exclude(interval=Price.Interval.ONE_TIME).exclude(pk=subscription.price_id)
    others = others.exclude(product__in=[*_products_beside(subscription), *_held_otherwise(subscription)])
    return sorted(others, key=lambda one: (lookup.age_of(one.product), one.product.pk, one.unit_amount or 0))


def are_some_in_other_currencies(*, subscription: Subscription) -> bool:
    """Whether plans are on sale that the subscription can't change to because of its currency."""
    recurring = Price.objects.on_sale().exclude(interval=Price.Interval.ONE_TIME)
    return recurring.exclude(currency=subscription.currency).exists()


def usual_quantity(*, subscription: Subscription, price: Price) -> int:
    """Return the quantity after a change: the same as now; one if it is none, or not sold by quantity."""
    is_counted = price.product_id == subscription.product_id or _is_sold_by_quantity(price)
    return max(subscription.quantity, 1) if is_counted else 1


def was_billed_at_once(*, subscription: Subscription) -> bool:
    """Whether Stripe billed at once when the subscription changed to the price that it has now.

    Then its period began with the change. After the next renewal this is not known any more.
    """
    arrivals = StatusChange.objects.filter(subscription=subscription, to_price_id=subscription.price_id)
    arrival = linked(arrivals.exclude(from_price_id=subscription.price_id), "from_price", "to_price").first()
    began_at = subscription.current_period_start_at
    if arrival is None or arrival.from_price is None or arrival.to_price is None or began_at is None:
        return False
    before, after = arrival.from_price, arrival.to_price
    is_other_interval = (before.interval, before.interval_count) != (after.interval, after.interval_count)
    is_asked = is_other_interval or (before.unit_amount == 0 and bool(after.unit_amount))
    is_on_trial = arrival.from_status == Subscription.Status.TRIALING
    return is_asked and not is_on_trial and abs(arrival.changed_at - began_at) <= preview.AT_ONCE


def can_wait(*, subscription: Subscription, price: Price, quantity: int) -> bool:
    """Whether the change can wait until the period ends.

    It can if the new price is cheaper, or may be, or would be billed at once.
    """
    if subscription.on_trial or _ends_with_plan_period(subscription):
        return False
    item = preview.main_item(subscription)
    is_cheaper = (price.unit_amount or 0) * quantity < (item["unit_amount"] or 0) * item["quantity"]
    return is_cheaper or subscription.unit_amount is None or preview.begins_period(subscription, price)


def why_not(*, subscription: Subscription) -> CannotChange | None:
    """Return why the plan of this subscription can't be changed now; None if it can."""
    if subscription.has_ended:
        return CannotChange.ended()
    if subscription.status == Subscription.Status.PAUSED:
        return CannotChange.paused()
    if subscription.is_collection_paused:
        return CannotChange.payments_paused()
    if how := subscription.closed_bill:
        return CannotChange.bill_closed(how, is_given_up=subscription.status == Subscription.Status.UNPAID)
    if subscription.status not in {Subscription.Status.ACTIVE, Subscription.Status.TRIALING}:
        return CannotChange.unpaid()
    return None if subscription.items else CannotChange.empty()


def check_change(*, subscription: Subscription, price: Price, quantity: int) -> None:
    """Raise CannotChange if the subscription can't change to this price and quantity."""
    if refusal := why_not(subscription=subscription):
        raise refusal
    if not 1 <= quantity <= MAX_QUANTITY and quantity != subscription.quantity:
        raise CannotChange.bad_quantity()
    if (price.pk, quantity) == (subscription.price_id, subscription.quantity):
        raise AlreadyOnIt.same()
    _check_price(subscription, price)
    _check_quantity(subscription, price, quantity)
    if preview.begins_period(subscription, price) and _ends_within_period(subscription, price):
        # A whole new period would be paid for, and lost at the end.
        raise CannotChange.ending(subscription)


def _check_price(subscription: Subscription, price: Price) -> None:
    is_its_own = price.pk == subscription.price_id
    if not price.is_on_sale and not is_its_own:
        raise CannotChange.not_on_sale() if price.is_plain else CannotChange.varies(price)
    if not price.is_recurring:
        raise CannotChange.one_time()
    # Its own price can have amounts in further currencies.
    if price.currency != subscription.currency and not is_its_own:
        raise CannotChange.other_currency(subscription)
    if price.product_id in _products_beside(subscription):
        raise CannotChange.part_of_it()
    if price.product_id not in subscription.product_ids and price.product_id in _held_otherwise(subscription):
        raise CannotChange.already_held()
    if _is_due_otherwise(subscription, price):
        raise CannotChange.already_due()


def _check_quantity(subscription: Subscription, price: Price, quantity: int) -> None:
    """Raise CannotChange if the product is not sold by quantity; a quantity given in the dashboard may stay."""
    if not price.takes_quantity and quantity != subscription.quantity:
        raise CannotChange.by_use()
    is_kept = price.product_id == subscription.product_id and quantity == subscription.quantity
    if quantity > 1 and not is_kept and not _is_sold_by_quantity(price):
        raise CannotChange.not_by_quantity(price.product.name if price.product else "This plan")
    if not is_kept and (price.unit_amount or 0) * quantity > money.most(price.currency):
        raise CannotChange.too_much(price.currency)


def _is_sold_by_quantity(price: Price) -> bool:
    return price.product is not None and bool(price.product.has_quantity)


def change(*, subscription: Subscription, price: Price, quantity: int, proration_date: int) -> Subscription:
    """Change plan or quantity now, billed as the preview with this `proration_date` (Unix seconds) said.

    The id and the billing date stay, and the difference is on the next invoice. If a period begins with the change
    (`preview.begins_period`), it is billed at once, and a declined card changes nothing. A scheduled change is undone.
    Raises StalePreview if the subscription was changed at Stripe since the preview.
    """
    with _claimed(subscription, price):
        check_change(subscription=subscription, price=price, quantity=quantity)
        _end_failed_orders(subscription, price)
        if preview.begins_period(subscription, price):
            # Asked a second time, after a lost answer, Stripe would begin and bill another period.
            before, subscription = subscription, _fetch_outcome(subscription)
            if (subscription.price_id, subscription.quantity) == (price.pk, quantity):
                return subscription
            preview.check_unchanged(before, subscription)
        return _changed(refresh.release_schedule(subscription), price, quantity, proration_date)


def _changed(subscription: Subscription, price: Price, quantity: int, proration_date: int) -> Subscription:
    params: p.SubscriptionUpdateParams = preview.change_params(subscription, price, quantity)
    params["payment_behavior"] = "error_if_incomplete"
    if not preview.begins_period(subscription, price):
        # Stripe takes no date for a period that begins now.
        params["proration_date"] = proration_date
    # No idempotency key is needed: sent again, the price is the same, and Stripe has nothing to prorate.
    try:
        return refresh.update(subscription, params)
    except StripeRefused:
        after = _fetch_outcome(subscription)
        if (after.price_id, after.quantity) != (price.pk, quantity):
            raise
        # An earlier try, whose answer was lost, made the change and began a period after this proration date.
        return after


def reason_for_people(refusal: StripeRefused) -> str:
    """Return why Stripe refused a change, to follow a colon: its own words, which are for people if a card was
    declined; ours if there is no card at all.
    """
    # Something else that is missing, such as a price, is named by `param`.
    if isinstance(refusal, StripeMissing) and not refusal.param:
        return "there is no card on file. Please add one with “Manage payment” on your account page, and try again."
    return refusal.for_people


def schedule_change(*, subscription: Subscription, price: Price, quantity: int) -> Subscription:
    """Change plan or quantity when the paid period ends; nothing is charged or credited before.

    Two calls to Stripe: create a schedule from the subscription, then add the change to it. A process killed between
    them leaves a schedule that changes nothing; the next try uses it. A scheduled cancel is undone first, unless it
    was agreed: raises CannotResume if the subscription has ended meanwhile.
    https://docs.stripe.com/billing/subscriptions/subscription-schedules
    """
    with _claimed(subscription, price):
        check_change(subscription=subscription, price=price, quantity=quantity)
        _end_failed_orders(subscription, price)
        if subscription.on_trial:
            raise CannotChange.on_trial()
        if subscription.schedule_id or subscription.has_mixed_periods:
            subscription = _fetch_outcome(subscription)
        # A cancel is undone, and may leave a later end that is undone as well; what was agreed stays.
        while subscription.cancels_at and not subscription.ends_as_agreed:
            subscription = cancel.resume(subscription=subscription)
        if _ends_with_plan_period(subscription):
            raise CannotChange.ends_then()
        current = _live_schedule(subscription)
        schedule_id = current["id"]
        params: Any = schedules.with_change(
            current,
            price=price,
            quantity=quantity,
            is_other_interval=preview.is_other_interval(subscription, price),
            period_ends_at=subscription.plan_period_ends_at,
            ends_at=subscription.cancels_at,
        )
        engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.update_schedule(schedule_id, params))
        return _fetch_outcome(subscription)


def undo_scheduled_change(*, subscription: Subscription) -> Subscription:
    """Undo a scheduled change; the subscription continues as it is.

    Raises CannotChange if no change is scheduled, or it has taken effect meanwhile.
    """
    if not subscription.pending_change:
        if subscription.schedule_id:
            # An earlier try may have released it, whose answer was lost.
            refresh.fetch(subscription)
        raise CannotChange.nothing_pending()
    after = refresh.release_schedule(subscription)
    if (after.price_id, after.quantity) != (subscription.price_id, subscription.quantity):
        raise CannotChange.took_effect()
    return after


def _fetch_outcome(subscription: Subscription) -> Subscription:
    """Fetch a subscription that Stripe may have changed. A refused fetch does not mean that the change was refused."""
    try:
        return refresh.fetch(subscription)
    except StripeRefused as error:
        raise StripeUnavailable(error.message) from error


def _live_schedule(subscription: Subscription) -> JSON:
    """Return the schedule that manages the subscription; create it if there is none."""
    if subscription.schedule_id:
        schedule = gateway.retrieve_schedule(subscription.schedule_id).object
        if schedule["status"] in SubscriptionSchedule.LIVE:
            return schedule
    return gateway.retrieve_schedule(_new_schedule(subscription)).object


def _new_schedule(subscription: Subscription) -> str:
    try:
        answer = gateway.schedule_from_subscription(subscription.pk)
    except StripeRefused:
        # An earlier try, whose answer was lost, created it.
        found = refresh.fetch(subscription).schedule_id
        if found is None:
            raise
        return str(found)
    engine.apply_snapshot(kinds.SCHEDULE, answer)
    return answer.id


@contextmanager
def _claimed(subscription: Subscription, price: Price) -> Iterator[None]:
    """Claim the price's product, so that it can't be bought, nor another subscription changed to it, meanwhile."""
    try:
        with claims.changing(subscription=subscription, product_id=str(price.product_id), refusals=REFUSALS):
            yield
    except claims.StillChanging as error:
        raise CannotChange.other_is_changing() from error


def _ends_within_period(subscription: Subscription, price: Price) -> bool:
    """Whether the subscription ends before a period of the price that begins now."""
    ends_at = subscription.cancels_at
    length = LONGEST_INTERVAL.get(price.interval, timedelta()) * price.interval_count
    return ends_at is not None and ends_at < stripe_clock.now() + length


def _ends_with_plan_period(subscription: Subscription) -> bool:
    """Whether an agreed end comes before the plan renews."""
    ends_at, period_ends_at = subscription.cancels_at, subscription.plan_period_ends_at
    is_agreed = subscription.ends_as_agreed and ends_at is not None
    return is_agreed and (period_ends_at is None or (ends_at is not None and ends_at <= period_ends_at))


def _products_beside(subscription: Subscription) -> list[str]:
    """Return the products of all items but the main one, which is the only one that changes."""
    return [item["product"] for item in subscription.items[1:]]


def _held_otherwise(subscription: Subscription) -> set[str]:
    """Return the products of the person's other subscriptions, without those of this one."""
    held = [other for other in _others(subscription) if not other.has_failed_to_start]
    return {product for other in held for product in other.product_ids} - subscription.product_ids


def _others(subscription: Subscription) -> list[Subscription]:
    """Return the person's other running subscriptions."""
    if subscription.customer_id is None:
        return []
    theirs = Subscription.objects.running().filter(customer__in=ownership.ids_with(subscription.customer_id))
    return list(theirs.exclude(pk=subscription.pk))


def _end_failed_orders(subscription: Subscription, price: Price) -> None:
    """End orders of the product whose first payment failed, so that they can't be paid as well."""
    of_product = [one for one in _others(subscription) if price.product_id in one.product_ids]
    failed = [one for one in of_product if one.has_failed_to_start]
    if any(first_payments.end_unpaid(order).is_running for order in failed):
        # It was paid meanwhile.
        raise CannotChange.already_held()


def _is_due_otherwise(subscription: Subscription, price: Price) -> bool:
    """Whether another subscription of the person is scheduled to change to the product."""
    if price.product_id in subscription.product_ids or subscription.customer_id is None or price.product is None:
        return False
    theirs = Subscription.objects.filter(customer__in=ownership.ids_with(subscription.customer_id))
    return theirs.due_to_change_to(price.product).exclude(pk=subscription.pk).exists()

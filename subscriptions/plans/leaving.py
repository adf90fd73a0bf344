"""What becomes of the subscriptions of a person who is deleted: settled at Stripe before anything is deleted."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Self

from django.db import models
from django.utils.dateformat import format as format_date

from billing.models import Price
from subscriptions.checkout import claims
from subscriptions.customers import erasing, linking, ownership
from subscriptions.mirror import refresh, unpaid_orders
from subscriptions.models import BillingAccount, Payment, ProductClaim, Subscription
from subscriptions.plans import amount_words, amounts, cancel, outlook
from subscriptions.plans.outlook import PlanLine
from subscriptions.traces.person import Traces
from subscriptions.user_model import User

Status = Subscription.Status

# There is no paid period to wait for: the first payment is pending, or billing is paused.
NOT_PAID_FOR = frozenset({Status.INCOMPLETE, Status.PAUSED})


class Fate(models.TextChoices):
    """What becomes of the subscriptions of a person who is deleted."""

    CANCEL_NOW = "cancel_now", "Cancel now: access ends, and what is still owed is invoiced"
    AT_PERIOD_END = "at_period_end", "Cancel at the end of the paid period: no further period is charged"
    ERASE = (
        "erase",
        "Erase the person: delete their customer at Stripe, which ends everything, and every row here",
    )
    NOTHING = "nothing", "Nothing: the customer stays at Stripe, and nothing is charged"


class CannotLeave(Exception):
    """The person can't be deleted yet; the message says why."""

    @classmethod
    def still_charged(cls, subscription: Subscription) -> Self:
        return cls(f"{subscription.pk} is still running. Choose what becomes of it.")

    @classmethod
    def being_debited(cls, payment: Payment) -> Self:
        return cls(f"The payment {payment} is on its way from a bank. Wait until it has come or failed.")


def fates_for(running: list[Subscription]) -> list[Fate]:
    """Return what can be chosen: with something running, doing nothing can't."""
    return [fate for fate in Fate if (fate != Fate.NOTHING if running else fate in {Fate.NOTHING, Fate.ERASE})]


def settle(*, user: User, fate: Fate, now: datetime) -> Iterator[str]:
    """Do at Stripe what was chosen, and yield a sentence about each thing as it is done. A second call goes on.

    Open checkouts are closed, unpaid orders and subscriptions that begin later cancelled first, and subscriptions are
    read from Stripe, so that none is missed.
    Raises CannotLeave, SubscriptionRefusal or StripeFailure; then not all of it is done, and nothing may be deleted.
    """
    for customer_id in BillingAccount.objects.customer_ids_of(user):
        _close_checkouts(customer_id)
        for schedule_id in refresh.cancel_not_started(customer_id):
            yield f"Cancelled the schedule {schedule_id}, which had not started."
        linking.read_subscriptions(customer_id)
        yield from _cancel_unpaid_orders(customer_id, now)
    running = ownership.running_of(user)
    if fate == Fate.NOTHING and running:
        raise CannotLeave.still_charged(running[0])
    for subscription in running:
        yield _end(subscription, fate)


def erase(*, user: User, now: datetime) -> Traces:
    """Erase all customers who are a person, and return what names them, for `erasing.forget` once the user is gone.

    Subscriptions are read from Stripe first, so that the ids of all of them are known. A second call goes on. Raises
    StripeFailure.
    """
    ids = erasing.customer_ids_of(user)
    for customer_id in ids:
        _close_checkouts(customer_id)
        linking.read_subscriptions(customer_id)
    return erasing.erase_customers(ids, user=user, now=now)


def charge_in_words(subscription: Subscription) -> str:
    """Return product, amount, next charge and what is planned: "Pro: $19.00 per month, next charge on May 3, 2026;
    changes to Team, $29.00 per month on May 3, 2026".
    """
    said = f"{subscription.product_name}: {_costs(subscription)}, {_next_charge(subscription)}"
    return "; ".join([said, *_planned(subscription)])


def _costs(subscription: Subscription) -> str:
    """Return the sum, after discounts; without a sum, what each item costs."""
    cost = amounts.of(subscription)
    is_list_price = not cost.discounts and not cost.is_taxed
    is_sum = len(subscription.items) > 1 and cost.total is not None
    if is_list_price and not is_sum:
        return " and ".join(_list_prices(subscription))
    return amount_words.describe(cost, seats=amount_words.seats_of(subscription))


def _close_checkouts(customer_id: str) -> None:
    buying = ProductClaim.objects.filter(customer=customer_id).exclude(state=ProductClaim.State.CHANGING)
    for claim in buying:
        claims.end_purchase(claim)


def _cancel_unpaid_orders(customer_id: str, now: datetime) -> Iterator[str]:
    """Cancel the orders that can still be paid: once the person is deleted, no page would show their payment."""
    for payment in Payment.objects.unpaid().filter(customer=customer_id, access_ended_at=None):
        if unpaid_orders.cancel(payment, now=now).access_ended_at:
            yield f"Cancelled the order {payment}, which was not paid."
        elif payment.is_unpaid:
            raise CannotLeave.being_debited(payment)


def _end(subscription: Subscription, fate: Fate) -> str:
    if fate == Fate.CANCEL_NOW or subscription.status in NOT_PAID_FOR:
        cancel.cancel_now(subscription=subscription)
        return f"Cancelled {subscription.pk} now."
    cancel.cancel(subscription=subscription)
    return f"Cancelled {subscription.pk} at the end of the paid period."


def _list_prices(subscription: Subscription) -> Iterator[str]:
    """Say what each item costs without discounts."""
    prices = Price.objects.in_bulk(subscription.price_ids)
    for item in subscription.items:
        price = prices.get(item["price"])
        yield subscription.terms_of(price, item["quantity"]) if price else "an amount that Stripe computes"


def _next_charge(subscription: Subscription) -> str:
    period_end = subscription.current_period_end_at
    if subscription.cancels_at and subscription.ends_with_period:
        return f"ends on {_day(subscription.cancels_at)}, no further period is charged"
    match subscription.status:
        case Status.PAUSED | Status.UNPAID:
            return f"{subscription.status_label.lower()}, nothing is charged until that changes"
        case Status.INCOMPLETE:
            return "first payment pending"
        case Status.PAST_DUE:
            return _overdue(subscription)
    if subscription.is_collection_paused:
        resumes_at = subscription.pause_resumes_at
        until = _day(resumes_at) if resumes_at else "that changes"
        return f"payments paused, nothing is charged until {until}"
    return f"next charge on {_day(period_end)}" if period_end else "next charge unknown"


def _planned(subscription: Subscription) -> Iterator[str]:
    """Say what a schedule changes later, and when it pauses or ends: other amounts are charged from then on."""
    waiting = subscription.pending_change
    if waiting and waiting.next_at and not subscription.ends_with_period:
        product = waiting.next_price.product if waiting.next_price else None
        outlook.attach([subscription])
        plan = ", ".join(filter(None, [product.name if product else "another plan", subscription.pending_terms]))
        yield _change(plan, subscription.pending_further, waiting.next_at)
        for later in subscription.later_changes:
            yield _change(later.in_words, later.further, later.at)
        if waiting.begins_discounted or subscription.has_discount:
            yield "these are prices before any discount"
    if subscription.pauses_at and not subscription.ends_with_period:
        yield f"pauses on {_day(subscription.pauses_at)}"
    if subscription.ends_later and subscription.cancels_at:
        less = ", so less is charged for its last period" if subscription.is_next_charge_partial else ""
        yield f"ends on {_day(subscription.cancels_at)}{less}"


def _change(plan: str, further: Iterable[PlanLine], at: datetime | None) -> str:
    """Say what it changes to: the plan and the further items, each with what it costs."""
    everything = " and ".join([plan, *(item.in_words for item in further)])
    return f"changes to {everything}" + (f" on {_day(at)}" if at else "")


def _overdue(subscription: Subscription) -> str:
    """Stripe does not retry a bill that was sent, or one whose attempts are used up."""
    bill = subscription.latest_invoice
    again_at = bill.next_payment_attempt_at if bill else None
    return f"payment overdue, Stripe tries again on {_day(again_at)}" if again_at else "payment overdue"


def _day(moment: datetime) -> str:
    return format_date(moment, "N j, Y")

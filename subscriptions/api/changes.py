"""Endpoints that cancel a subscription, end a purchase, or change a plan."""

from django.http import HttpRequest
from ninja import Router
from pydantic import ConfigDict, Field

from billing.api import staff_log
from billing.api.refusals import Conflict, Refusal
from billing.api.request_bodies import (
    Body,
    Id,
    Switch,
    either,
    read,
    takes,
)
from billing.errors import StripeRefused
from billing.linked import linked
from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.api.answers import ChangedAnswer, PaymentAnswer, SubscriptionAnswer
from subscriptions.api.authentication import caller_of, requested_person, require_for, subject_of
from subscriptions.api.customers import UserName
from subscriptions.models import Customer, Payment, Subscription
from subscriptions.models.subscription import SubscriptionQuerySet
from subscriptions.payments import end_purchase
from subscriptions.plans import cancel as lifecycle
from subscriptions.plans import change
from subscriptions.plans import preview as previews
from subscriptions.plans.errors import AlreadyOnIt
from subscriptions.user_model import User

CHANGE_SUBSCRIPTION, CHANGE_PAYMENT = "subscriptions.change_subscription", "subscriptions.change_payment"

LINKS = ("customer", "price__product", "product", "schedule__next_price__product")

router = Router(tags=["Changing"])


class CancelAsked(Body):
    model_config = ConfigDict(json_schema_extra=either("subscription_id", "price_id"))

    user_name: UserName | None = Field(None, description="Staff may name anyone; others may leave it out.")
    price_id: Id | None = Field(None, description="The price of the subscription or one-time purchase to end.")
    subscription_id: Id | None = Field(None, description="Or the subscription itself.")
    at_period_end: Switch = Field(default=False, description="True: access continues until the paid period ends.")


class ChangeAsked(Body):
    user_name: UserName | None = Field(None, description="Staff may name anyone; others may leave it out.")
    price_id: Id = Field(description="The new price.", examples=["price_1Qx"])
    subscription_id: Id | None = Field(None, description="Required if the person has several.")


@router.post(
    "/cancel",
    operation_id="cancel",
    summary="End a subscription or a one-time purchase",
    response={200: SubscriptionAnswer | PaymentAnswer, 409: Conflict},
    openapi_extra=takes(CancelAsked, user_name="ada", subscription_id="sub_1Qx", at_period_end=True),
)
def cancel(request: HttpRequest) -> SubscriptionAnswer | PaymentAnswer:
    """A subscription that ends now gives no access any more, and amounts still owed are billed; one that ends with its
    period gives access until then. A one-time purchase ends now, without a refund. If it has ended already, the
    answer shows it unchanged. With several running subscriptions at one price, `subscription_id` is required (409)."""
    asked = read(request, CancelAsked)
    if not (asked.price_id or asked.subscription_id):
        raise Refusal.bad_input(subscription_id="Name what to end: subscription_id, or price_id.")
    person = requested_person(request, CHANGE_SUBSCRIPTION, user_name=asked.user_name)
    subject = subject_of(request, person)
    subscription = _to_cancel(person, asked, subject)
    if subscription is not None:
        if not subscription.has_ended:
            subscription = _cancelled(subscription, at_period_end=asked.at_period_end)
            when = "at the end of the period" if asked.at_period_end else "now"
            _note(request, person, subscription, f"cancelled {when}.")
        return SubscriptionAnswer.of(subscription)
    require_for(request, person, CHANGE_PAYMENT)
    payments = _purchases(person, asked)
    if not payments:
        raise Refusal.not_found(f"{subject} no such subscription or purchase.")
    ending = [payment for payment in payments if payment.access_ended_at is None]
    end_purchase.end_access(payments=payments, now=stripe_clock.now())
    for payment in ending:
        _note(request, person, payment, "its access ended.")
    return PaymentAnswer.of(payments[0])


@router.post(
    "/updatesub",
    operation_id="updatesub",
    summary="Change a subscription to another price",
    response={200: ChangedAnswer, 409: Conflict},
    openapi_extra=takes(ChangeAsked, user_name="ada", price_id="price_1Qy"),
)
def updatesub(request: HttpRequest) -> ChangedAnswer:
    """The subscription keeps its id and its billing date: the difference is on the next invoice, at
    the end of the running period. To another interval, or from a free price, a new period begins and is billed
    at once: `charged_now` is true; if the card is then declined, nothing changes (400)."""
    asked = read(request, ChangeAsked)
    person = requested_person(request, CHANGE_SUBSCRIPTION, user_name=asked.user_name)
    price = linked(Price.objects.filter(pk=asked.price_id), "product").first()
    if price is None:
        raise Refusal.not_found(f"There is no price {asked.price_id}.")
    subscription = _to_change(person, asked.subscription_id, price, subject_of(request, person))
    quantity = change.usual_quantity(subscription=subscription, price=price)
    try:
        change.check_change(subscription=subscription, price=price, quantity=quantity)
    except AlreadyOnIt:
        return ChangedAnswer.after(subscription, charged_now=change.was_billed_at_once(subscription=subscription))
    preview = previews.preview(subscription=subscription, price=price, quantity=quantity)
    try:
        after = change.change(
            subscription=subscription, price=price, quantity=quantity, proration_date=preview.proration_date
        )
    except previews.StalePreview as stale:
        raise Refusal.conflict("changed_meanwhile", f"{stale} Please ask again.") from stale
    except StripeRefused as refused:
        reason = change.reason_for_people(refused)
        raise Refusal.stripe_refused(reason[:1].upper() + reason[1:]) from refused
    _link(after, price, subscription.customer)
    _note(request, person, after, f"changed to {price.pk}.")
    return ChangedAnswer.after(after, charged_now=preview.is_billed_now)


def _note(request: HttpRequest, person: User, row: Subscription | Payment, words: str) -> None:
    """Note in the admin log what staff do for somebody else."""
    if person != caller_of(request):
        staff_log.log_change(request, row, words)


def _theirs(person: User) -> SubscriptionQuerySet:
    return linked(Subscription.objects.of(person), *LINKS)


def _to_cancel(person: User, asked: CancelAsked, subject: str) -> Subscription | None:
    """Return the subscription to cancel: a running one before an ended one, the newest first."""
    if asked.subscription_id:
        found = _theirs(person).filter(pk=asked.subscription_id).first()
        if found is None or (asked.price_id and asked.price_id not in found.price_ids):
            raise Refusal.not_found(f"{subject} no such subscription: {asked.subscription_id}.")
        return found
    candidates = [subscription for subscription in _theirs(person) if asked.price_id in subscription.price_ids]
    running = [subscription for subscription in candidates if not subscription.has_ended]
    if len(running) > 1:
        # If the newest were chosen, a request repeated after a lost answer would cancel another one.
        raise _ambiguous(running, subject)
    return next(iter(running or candidates), None)


def _cancelled(subscription: Subscription, *, at_period_end: bool) -> Subscription:
    end = lifecycle.cancel if at_period_end else lifecycle.cancel_now
    after = end(subscription=subscription)
    _link(after, subscription.price, subscription.customer)
    return after


def _link(subscription: Subscription, price: Price | None, customer: Customer | None) -> None:
    """Set the price, product and customer that are loaded already, which saves three queries."""
    if price is not None and (subscription.price_id, subscription.product_id) == (price.pk, price.product_id):
        subscription.price, subscription.product = price, price.product
    if customer is not None and subscription.customer_id == customer.pk:
        subscription.customer = customer


def _purchases(person: User, asked: CancelAsked) -> list[Payment]:
    """Return the person's current purchases at this price, or the last one that has ended."""
    bought = linked(Payment.objects.of(person).filter(price_id=asked.price_id), "product")
    purchased = [one for one in bought if one.is_paid_or_pending or one.access_ended_at]
    return [payment for payment in purchased if payment.access_ended_at is None] or purchased[:1]


def _to_change(person: User, subscription_id: str | None, price: Price, subject: str) -> Subscription:
    if subscription_id:
        found = _theirs(person).filter(pk=subscription_id).first()
        if found is None:
            raise Refusal.not_found(f"{subject} no such subscription: {subscription_id}.")
        return found
    running = list(_theirs(person).running())
    of_product = [subscription for subscription in running if price.product_id in subscription.product_ids]
    candidates = of_product or running
    if not candidates:
        raise Refusal.not_found(f"{subject} no running subscription.")
    if len(candidates) > 1:
        raise _ambiguous(candidates, subject)
    return candidates[0]


def _ambiguous(subscriptions: list[Subscription], subject: str) -> Refusal:
    ids = [subscription.pk for subscription in subscriptions]
    message = f"{subject} several subscriptions: {', '.join(ids)}. Choose one by subscription_id."
    return Refusal.conflict("ambiguous_subscription", message, ids=ids)

"""Claims: a customer gets a product once, by buying it or by changing a subscription to it.

A claim is taken before Stripe is asked for anything, and released when the outcome is in the mirror. What the customer
has already is checked while the claim is held. The claim of a killed process stays until the next click or full sync
asks Stripe what came of it.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from billing import gateway
from billing.errors import StripeFailure, StripeMissing, StripeUnavailable
from billing.mirror import engine
from subscriptions import our_clock
from subscriptions.checkout import sessions
from subscriptions.checkout.errors import CheckoutLeftOpen
from subscriptions.mirror import kinds, refresh
from subscriptions.models import CheckoutSession, Customer, ProductClaim, Subscription

State = ProductClaim.State

# Stripe forgets an idempotency key, and expires a session, after a day.
BUYING_TAKES_AT_MOST = timedelta(hours=23)

# Longer than the calls of a change take: up to eight, each up to 41 seconds with its retries.
CHANGING_TAKES_AT_MOST = timedelta(minutes=6)

# A turn is lost when another process takes or releases the claim meanwhile.
MAX_TURNS = 6


class StillChanging(Exception):
    """A subscription is being changed to the product, and Stripe does not show the change yet."""


def take_to_buy(*, customer: Customer, product_id: str, now: datetime) -> ProductClaim:
    """Return the customer's claim on the product for a purchase: a new one, or the one that an earlier click took.

    Raises StillChanging, StripeUnavailable or StripeMisconfigured.
    """
    for _ in range(MAX_TURNS):
        claim = _take(customer.pk, product_id, state=State.BUYING, taken_at=now)
        if claim.state != State.CHANGING:
            return claim
        settle_change(claim, now=now)
    raise _contended()


@contextmanager
def changing(*, subscription: Subscription, product_id: str, refusals: tuple[type[Exception], ...]) -> Iterator[None]:
    """Hold the claim on a product while the subscription is changed to it.

    An open checkout of the product is expired first; if it was paid meanwhile, the purchase is in the mirror.
    `refusals` are the errors after which the change is certainly not made. After any other error Stripe may have made
    it: the claim stays until Stripe is asked.
    Raises CheckoutLeftOpen, StillChanging, StripeUnavailable or StripeMisconfigured.
    """
    if subscription.customer_id is None:
        yield
        return
    claim, is_shared = _take_to_change(subscription, product_id)
    try:
        yield
    except refusals:
        if not is_shared:
            release(claim)
        raise
    if not release(claim):
        _end_later_purchase(claim)


def confirm_session(claim: ProductClaim) -> bool:
    """Record that the claim's session is at Stripe; False if the claim was released while it was made."""
    claim.state = State.AT_CHECKOUT
    return _as_read(claim, State.BUYING, State.AT_CHECKOUT).update(state=State.AT_CHECKOUT) == 1


def release(claim: ProductClaim) -> bool:
    """Release the claim; False if another process has released it or changed its state meanwhile."""
    return _as_read(claim, claim.state).delete()[0] == 1


def release_unless_at_checkout(claim: ProductClaim) -> None:
    """Release the claim of a purchase that is refused, unless its session can be paid."""
    if claim.state == State.BUYING:
        release(claim)


def release_bought(session: CheckoutSession) -> None:
    """Release the claim of a session whose purchase is in the mirror."""
    if sessions.has_arrived(session):
        ProductClaim.objects.filter(attempt_id=session.pk).delete()


def end_purchase(claim: ProductClaim, session: CheckoutSession | None = None) -> None:
    """Expire the session of a purchase so that it can't be paid, and release the claim.

    The session is given if its row may have been erased. If it was paid meanwhile, the purchase is in the mirror
    afterwards.
    Raises StripeUnavailable or StripeMisconfigured.
    """
    session = session or _session_of(claim)
    try:
        if session and session.status == sessions.Status.OPEN:
            session = sessions.expire(session)
        elif session and session.status == sessions.Status.COMPLETE and not sessions.has_arrived(session):
            session = sessions.look_up(session)
    except StripeMissing:
        release(claim)
        return
    # A process that is making the session right now expires it when it finds the claim released.
    if session is None or session.status != sessions.Status.OPEN:
        release(claim)


def settle_change(claim: ProductClaim, *, now: datetime) -> None:
    """Ask Stripe whether a change was made, and release the claim if that is certain.

    A schedule alone makes nothing certain: it may be an older one, which the change under way releases first.
    The mirror is up to date afterwards, also after StillChanging.
    Raises StillChanging, StripeUnavailable or StripeMisconfigured.
    """
    if not _has_product(claim) and not _is_older(claim, CHANGING_TAKES_AT_MOST, now=now):
        raise StillChanging
    release(claim)


def release_over(claim: ProductClaim, *, now: datetime) -> None:
    """Release the claim if its purchase or change is over; Stripe is asked about a change that takes too long."""
    if claim.state != State.CHANGING:
        if is_over(claim, now=now):
            release(claim)
    elif _is_older(claim, CHANGING_TAKES_AT_MOST, now=now):
        settle_change(claim, now=now)


def is_over(claim: ProductClaim, *, now: datetime) -> bool:
    """Whether a purchase is over: its session has ended and is mirrored, or was not made in time."""
    session = _session_of(claim)
    if session is None and claim.state == State.AT_CHECKOUT:
        return True
    if session is None or session.status == sessions.Status.CLAIMED:
        return _is_older(claim, BUYING_TAKES_AT_MOST, now=now)
    return sessions.has_arrived(session)


def is_buying(*, customer: Customer, now: datetime) -> bool:
    """Whether the customer may be paying right now, or has paid and the purchase is not in the mirror yet."""
    claims = ProductClaim.objects.filter(customer=customer).exclude(state=State.CHANGING)
    return any(not is_over(claim, now=now) for claim in claims)


def _is_older(claim: ProductClaim, age: timedelta, *, now: datetime) -> bool:
    """Whether the claim is at least so old; one from the future was taken while our clock was wrong."""
    return now - claim.taken_at >= age or our_clock.is_impossible(claim.taken_at, now=now)


def _take(customer_id: str, product_id: str, **columns: object) -> ProductClaim:
    """Insert the claim, or read the one that stands."""
    columns |= {"customer_id": customer_id, "product_id": product_id}
    key = ProductClaim.key_of(customer_id, product_id)
    for _ in range(MAX_TURNS):
        # The insert can fail on a claim that is released before it is read.
        with suppress(IntegrityError):
            return ProductClaim.objects.get_or_create(pk=key, defaults=columns)[0]
    raise _contended()


def _take_to_change(subscription: Subscription, product_id: str) -> tuple[ProductClaim, bool]:
    """Return the claim for a change, and whether another try at the same change may still be running."""
    attempt_id = uuid.uuid4()
    columns = {"state": State.CHANGING, "attempt_id": attempt_id, "subscription": subscription}
    for _ in range(MAX_TURNS):
        # Each turn may call Stripe, which takes time.
        now = timezone.now()
        claim = _take(str(subscription.customer_id), product_id, taken_at=now, **columns)
        if claim.attempt_id == attempt_id:
            return claim, False
        if claim.state != State.CHANGING:
            end_purchase(claim)
        elif claim.subscription_id != subscription.pk:
            settle_change(claim, now=now)
        elif _as_read(claim, State.CHANGING).update(attempt_id=attempt_id, taken_at=now):
            is_shared = not _is_older(claim, CHANGING_TAKES_AT_MOST, now=now)
            claim.attempt_id, claim.taken_at = attempt_id, now
            return claim, is_shared
    raise _contended()


def _end_later_purchase(claim: ProductClaim) -> None:
    """Expire the checkout that was started because the change took too long and its process seemed killed."""
    later = ProductClaim.objects.filter(pk=claim.pk).exclude(state=State.CHANGING).first()
    if later is None:
        return
    try:
        end_purchase(later)
    except StripeFailure as error:
        raise CheckoutLeftOpen(error.message) from error


def _has_product(claim: ProductClaim) -> bool:
    """Fetch the subscription that is changed, with its schedule; whether it has the product."""
    if claim.subscription is None:
        return False
    with suppress(StripeMissing):
        subscription = refresh.fetch(claim.subscription)
        if claim.product_id in subscription.product_ids:
            return True
        if schedule_id := subscription.schedule_id:
            engine.apply_answer(kinds.SCHEDULE, schedule_id, lambda: gateway.retrieve_schedule(schedule_id))
    return False


def _session_of(claim: ProductClaim) -> CheckoutSession | None:
    return CheckoutSession.objects.filter(pk=claim.attempt_id).first()


def _as_read(claim: ProductClaim, *states: str) -> "QuerySet[ProductClaim]":
    """The row as it was read, unless another process has changed it meanwhile."""
    return ProductClaim.objects.filter(pk=claim.pk, attempt_id=claim.attempt_id, state__in=states)


def _contended() -> StripeUnavailable:
    return StripeUnavailable("This product is being bought or changed to in too many places at once.")

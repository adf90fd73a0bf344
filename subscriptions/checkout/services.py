"""Buying: one claim per customer and product, one session at Stripe for it, one result however often it is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing import gateway, idempotency
from billing.errors import IDEMPOTENCY_CONFLICT, StripeMissing, StripeRefused, StripeUnavailable
from billing.models import Price
from subscriptions import access
from subscriptions.checkout import claims as under_way
from subscriptions.checkout import params as session_terms
from subscriptions.checkout import sessions
from subscriptions.checkout.errors import (
    MAX_QUANTITY,
    CannotBuy,
    NoSuchPrice,
    NotYourSession,
    OtherMode,
)
from subscriptions.customers import services as customers
from subscriptions.models import CheckoutSession, Customer, Payment, Subscription
from subscriptions.user_model import User

__all__ = [
    "MAX_QUANTITY",
    "CannotBuy",
    "NoSuchPrice",
    "NotYourSession",
    "OtherMode",
    "Started",
    "complete",
    "give_up",
    "is_under_way",
    "look_up",
    "start",
]

Mode, Status = CheckoutSession.Mode, CheckoutSession.Status

# Each turn of `start` settles one obstacle: a claim already paid, expired, or for other terms.
MAX_TURNS = 6

# Stripe forgets an idempotency key, and expires a session, after a day.
CLAIM_LIFETIME = timedelta(hours=23)


@dataclass(frozen=True)
class Started:
    """Where to send the buyer: to Stripe's page at `url`, or to what they already have (`held`).

    `is_new`: the session was made just now; otherwise it was still open.
    """

    url: str = ""
    held: Subscription | Payment | None = None
    session: CheckoutSession | None = None
    is_new: bool = False


@dataclass(frozen=True)
class Result:
    """How a checkout ended, for its success page."""

    session: CheckoutSession
    subscription: Subscription | None
    payment: Payment | None

    @property
    def state(self) -> str:
        """paid | processing | open | expired."""
        if self.session.status != Status.COMPLETE:
            return "expired" if self.session.status == Status.EXPIRED else "open"
        is_paid = self.session.payment_status in {"paid", "no_payment_required"}
        return "paid" if is_paid and (self.subscription or self.payment) else "processing"


def start(*, user: User, price_id: str, now: datetime, quantity: int = 1, mode: str = "") -> Started:
    """Begin buying, or go on with what was begun: the same click twice leads to the same session.

    With a `mode`, a price that is not sold so is refused.
    Raises CannotBuy, StripeUnavailable or StripeMisconfigured; nothing is charged then.
    """
    _check_quantity(quantity)
    price = _price_on_sale(price_id)
    _check_mode(price, mode)
    customer = customers.ensure(user)
    for _ in range(MAX_TURNS):
        if held := _held(customer, price, now):
            return Started(held=held)
        _check_currency(customer, price)
        claim = _claim(customer, price, quantity)
        if claim.status == Status.CLAIMED and _held(customer, price, now):
            # What was bought since we looked has given its claim free, and ours is a new one.
            _release(claim)
            continue
        try:
            if session := _session_for(claim, price=price, quantity=quantity, user=user, now=now):
                return Started(url=session.url, session=session, is_new=claim.status == Status.CLAIMED)
        except StripeRefused as error:
            # A refusal is final for this claim; two kinds only mean that another claim is needed.
            _release(claim)
            if isinstance(error, StripeMissing) and error.param == "customer":
                customers.unlink(customer.pk)
                customer = customers.ensure(user)
            elif not _is_outdated(claim, error):
                raise CannotBuy.refused(error) from error
    raise StripeUnavailable("This purchase is being started in too many places at once.")


def complete(*, user: User, session_id: str) -> Result:
    """Fetch a session that the buyer came back from, and mirror what it brought.

    Raises NotYourSession, StripeUnavailable or StripeMisconfigured.
    """
    known = CheckoutSession.objects.filter(stripe_id=session_id, customer__account__user=user).first()
    if known is None:
        raise NotYourSession(session_id)
    try:
        session = look_up(known)
    except StripeMissing as error:
        raise NotYourSession(session_id) from error
    return Result(session, *_bought_by(session))


def is_under_way(*, customer: Customer, now: datetime) -> bool:
    """Whether this customer may be paying right now, or has paid and what was bought is not here yet."""
    claims = CheckoutSession.objects.filter(customer=customer).exclude(open_key=None)
    return any(not _is_too_old(claim, now) and not _has_arrived(claim) for claim in claims)


def give_up(*, customer: Customer, product_id: str) -> None:
    """End what this customer has begun to buy of a product, so that it is not paid besides another way to have it.

    One that was paid meanwhile is in the mirror afterwards. Raises StripeUnavailable or StripeMisconfigured.
    """
    claim = CheckoutSession.objects.filter(open_key=_key(customer, product_id)).first()
    if claim is None:
        return
    try:
        if claim.status == Status.OPEN:
            _expire(claim)
        elif claim.status == Status.COMPLETE and not _has_arrived(claim):
            look_up(claim)
        else:
            # Whoever is making its session right now ends that session when it finds the claim gone.
            _release(claim)
    except StripeMissing:
        _release(claim)


def look_up(claim: CheckoutSession) -> CheckoutSession:
    """Ask Stripe how a session stands, and mirror it with what it brought."""
    stripe_id = str(claim.stripe_id)
    return sessions.apply_answer(claim, lambda: gateway.retrieve_checkout_session(stripe_id))


def _check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise CannotBuy.bad_quantity()


def _price_on_sale(price_id: str) -> Price:
    price = Price.objects.select_related("product").filter(pk=price_id).first()
    if price is None:
        raise NoSuchPrice.not_on_sale()
    if not price.is_on_sale:
        raise CannotBuy.not_on_sale()
    return price


def _check_mode(price: Price, mode: str) -> None:
    if mode not in ("", _mode_of(price)):
        raise OtherMode.than(_mode_of(price))


def _mode_of(price: Price) -> CheckoutSession.Mode:
    return Mode.SUBSCRIPTION if price.is_recurring else Mode.PAYMENT


def _held(customer: Customer, price: Price, now: datetime) -> Subscription | Payment | None:
    held = access.holdings_of_customer(customer).holding_of(price.product, price=price)
    changing = None if held else Subscription.objects.changing_to(price.product).filter(customer=customer).first()
    if changing is None or changing.changing_to != price.product_id:
        return held or changing
    try:
        return under_way.outcome(changing, price.product_id, now=now)
    except under_way.StillUnderWay as error:
        raise CannotBuy.being_changed_to() from error


def _check_currency(customer: Customer, price: Price) -> None:
    """Refuse, in words for a buyer, what Stripe would: it bills a customer's subscriptions in one currency."""
    running = Subscription.objects.running().filter(customer=customer)
    other = running.exclude(currency__in=("", price.currency)).first() if price.is_recurring else None
    if other is not None:
        raise CannotBuy.other_currency(other.currency, price.currency)


def _claim(customer: Customer, price: Price, quantity: int) -> CheckoutSession:
    claim, _ = CheckoutSession.objects.get_or_create(
        open_key=_key(customer, price.product_id),
        defaults={
            "customer": customer,
            "product_id": price.product_id,
            "price": price,
            "quantity": quantity,
            "mode": _mode_of(price),
        },
    )
    return claim


def _key(customer: Customer, product_id: str | None) -> str:
    return f"{customer.pk} {product_id}"


def _session_for(
    claim: CheckoutSession, *, price: Price, quantity: int, user: User, now: datetime
) -> CheckoutSession | None:
    """The claim's open session, made where there is none; None when the claim was settled and has to be taken anew."""
    if _is_too_old(claim, now):
        _release(claim)
        return None
    session = claim
    if claim.status == Status.CLAIMED:
        session = _create(claim, user)
    elif not _has_arrived(claim):
        session = look_up(claim)
    if session.status != Status.OPEN:
        # What it bought is in the mirror by now, and bars buying twice there.
        _release(session)
        return None
    # Given up by another click while it was made, or made for other terms.
    if session.open_key is None or (session.price_id, session.quantity) != (price.pk, quantity):
        _expire(session)
        return None
    return session


def _is_too_old(claim: CheckoutSession, now: datetime) -> bool:
    """Whether the claim has got no session in a day: Stripe has forgotten its key, and its session is expired."""
    return claim.status == Status.CLAIMED and now - claim.claimed_at > CLAIM_LIFETIME


def _is_outdated(claim: CheckoutSession, error: StripeRefused) -> bool:
    """Whether the claim's session is gone, or was asked for with other parameters (a changed site address, say)."""
    is_gone = isinstance(error, StripeMissing) and claim.stripe_id is not None
    return is_gone or error.code == IDEMPOTENCY_CONFLICT


def _create(claim: CheckoutSession, user: User) -> CheckoutSession:
    """Make the claim's session. The claim's own terms are sent, so that a repeated request is the same request."""
    key = idempotency.key("checkout", claim.pk)
    params = session_terms.params_for(claim, user=user)
    try:
        return sessions.apply_answer(claim, lambda: gateway.create_checkout_session(params, key=key))
    except StripeUnavailable as error:
        if error.answered_500:
            # Whatever this made is told of under this claim's name, so the next try is another claim.
            _release(claim)
        raise


def _expire(session: CheckoutSession) -> None:
    """End a session whose terms are not wanted any more, so that it can't be paid besides the new one."""
    stripe_id = str(session.stripe_id)
    try:
        sessions.apply_answer(session, lambda: gateway.expire_checkout_session(stripe_id))
    except StripeRefused:
        # Paid or expired meanwhile: either way Stripe knows, and the next turn acts on it.
        look_up(session)


def _has_arrived(claim: CheckoutSession) -> bool:
    """Whether the claim's session has ended and what it bought, if anything, is in the mirror."""
    return claim.status == Status.EXPIRED or (claim.status == Status.COMPLETE and any(_bought_by(claim)))


def _bought_by(session: CheckoutSession) -> tuple[Subscription | None, Payment | None]:
    subscription = Subscription.objects.filter(pk=session.subscription_id).select_related("price", "product").first()
    payment = Payment.objects.filter(pk=session.pk).select_related("price", "product").first()
    return subscription, payment


def _release(claim: CheckoutSession) -> None:
    """Give a claim up, unless another click has brought it further meanwhile."""
    CheckoutSession.objects.filter(pk=claim.pk, status=claim.status).update(open_key=None)

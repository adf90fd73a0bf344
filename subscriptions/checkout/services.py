"""Buying: start a checkout session, and read the result when the buyer comes back."""

from dataclasses import dataclass
from datetime import datetime

from billing import money
from billing.errors import IDEMPOTENCY_CONFLICT, StripeMissing, StripeRefused, StripeUnavailable
from billing.linked import linked
from billing.models import Price
from subscriptions import access
from subscriptions.checkout import catching_up, claims, first_payments, sessions, trials
from subscriptions.checkout.errors import (
    MAX_QUANTITY,
    CannotBuy,
    NoSuchPrice,
    NotByQuantity,
    NotYourSession,
    OtherMode,
)
from subscriptions.customers import erasing
from subscriptions.customers import services as customers
from subscriptions.models import Awaits, BillingAccount, CheckoutSession, Customer, Payment, ProductClaim, Subscription
from subscriptions.user_model import User

Status = CheckoutSession.Status

# Each turn of `start` clears one obstacle: a session that was paid, has expired, or has another price or quantity,
# or a customer who was erased meanwhile.
MAX_TURNS = 6


@dataclass(frozen=True)
class Started:
    """Where to send the buyer: to Stripe's page at `url`, or to the purchase that they have already (`held`).

    `is_new` is False if the session was still open from an earlier click.
    """

    url: str = ""
    held: Subscription | Payment | None = None
    session: CheckoutSession | None = None
    is_new: bool = False

    @property
    def held_state(self) -> str:
        """awaited | unfinished | held: its payment is under way, its first payment is open, or it is theirs."""
        awaited = self.held if isinstance(self.held, Payment) else self.held and self.held.awaited
        if awaited and awaited.is_awaited:
            return "awaited"
        is_unfinished = isinstance(self.held, Subscription) and self.held.status == Subscription.Status.INCOMPLETE
        return "unfinished" if is_unfinished else "held"


@dataclass(frozen=True)
class Result:
    """The result of a checkout, for its success page."""

    session: CheckoutSession
    subscription: Subscription | None
    payment: Payment | None

    @property
    def state(self) -> str:
        """paid | cancelled | awaited | failed | processing | open | expired.

        Awaited takes days, processing a moment.
        """
        if self.session.status != Status.COMPLETE:
            return "expired" if self.session.status == Status.EXPIRED else "open"
        if self.payment and (self.payment.was_cancelled_unpaid or self.payment.status == Payment.Status.CANCELED):
            return "cancelled"
        is_paid = self.session.payment_status in {"paid", "no_payment_required"}
        if is_paid and (self.subscription or self.payment):
            return "paid"
        if self.awaited.is_awaited:
            return "awaited"
        has_failed = self.payment.has_failed if self.payment else self.session.awaits == Awaits.FAILED
        return "failed" if has_failed else "processing"

    @property
    def awaited(self) -> CheckoutSession | Payment:
        """The row that says which payment is awaited."""
        return self.payment or self.session


def start(*, user: User, price_id: str, now: datetime, quantity: int = 1, mode: str = "") -> Started:
    """Start buying, or continue: the same click twice leads to the same session.

    `mode` ("subscription" or "payment") is what the caller expects; a price of the other mode is refused.
    Raises CannotBuy, StripeUnavailable or StripeMisconfigured; nothing is charged then.
    """
    price = price_to_buy(price_id, quantity=quantity, mode=mode)
    customer = customers.ensure(user)
    _catch_up(user, price, now)
    for _ in range(MAX_TURNS):
        claim = _claim(customer, price, user, now)
        if isinstance(claim, Started):
            return claim
        try:
            if erasing.is_erased(customer.pk):
                claims.end_purchase(claim)
                customer = customers.ensure(user)
                continue
            started = _already_has(claim, price, user) or _go_on(claim, price, quantity, user=user, now=now)
        except StripeRefused as error:
            claims.release_unless_at_checkout(claim)
            customer = _customer_after(error, customer, user)
        else:
            if started:
                return started
    raise StripeUnavailable("This purchase is being started in too many places at once.")


def complete(*, user: User, session_id: str) -> Result:
    """Fetch the session that the buyer comes back from, and mirror it with its subscription or payment.

    Raises NotYourSession, StripeUnavailable or StripeMisconfigured.
    """
    known = CheckoutSession.objects.filter(
        stripe_id=session_id, customer__in=BillingAccount.objects.customer_ids_of(user)
    ).first()
    if known is None:
        raise NotYourSession(session_id)
    try:
        session = sessions.look_up(known)
    except StripeMissing as error:
        raise NotYourSession(session_id) from error
    claims.release_bought(session)
    return Result(session, *sessions.bought_by(session))


def price_to_buy(price_id: str, *, quantity: int, mode: str = "") -> Price:
    """Return the price, if it can be bought so. Raises CannotBuy."""
    if not 1 <= quantity <= MAX_QUANTITY:
        raise CannotBuy.bad_quantity()
    price = linked(Price.objects.filter(pk=price_id), "product").first()
    if price is None:
        raise NoSuchPrice.not_on_sale()
    if not price.is_on_sale:
        raise CannotBuy.not_on_sale() if price.is_plain else CannotBuy.varies(price)
    if mode not in ("", sessions.mode_of(price)):
        raise OtherMode.than(sessions.mode_of(price))
    if quantity > 1 and not price.product.has_quantity:
        raise NotByQuantity.of(price.product.name)
    _check_total(price, quantity)
    return price


def _check_total(price: Price, quantity: int) -> None:
    """Raise CannotBuy for a total that Stripe can't charge. What begins with a trial is not charged at once."""
    total = (price.unit_amount or 0) * quantity
    if total > money.most(price.currency):
        raise CannotBuy.too_much(price.currency)
    if 0 < total < money.least(price.currency) and not price.trial_days:
        raise CannotBuy.too_little(total, price.currency)


def _catch_up(user: User, price: Price, now: datetime) -> None:
    """Read what was bought meanwhile, if the sync does not. Raises CannotBuy if it was bought by a lost account."""
    if catching_up.is_behind(now):
        catching_up.read_purchases(user)
    if lost := catching_up.lost_purchase(user, price):
        raise CannotBuy.bought_before(is_subscription=isinstance(lost, Subscription))


def _claim(customer: Customer, price: Price, user: User, now: datetime) -> ProductClaim | Started:
    """Take the claim. While a subscription changes to the product, return it if it is scheduled to have it."""
    try:
        return claims.take_to_buy(customer=customer, product_id=price.product.pk, now=now)
    except claims.StillChanging as error:
        if due := _due(user, price):
            return Started(held=due)
        raise CannotBuy.being_changed_to() from error
    except StripeRefused as error:
        raise CannotBuy.refused(error) from error


def _already_has(claim: ProductClaim, price: Price, user: User) -> Started | None:
    """Return what the person has, or gets by a scheduled change; an open checkout of it is expired then.

    An order of it whose first payment failed is ended at Stripe, so that it can't be paid as well.
    """
    holdings = access.holdings_of(user)
    if failed := holdings.failed_order_of(price.product.pk):
        first_payments.end_unpaid(failed)
        holdings = access.holdings_of(user)
    if held := holdings.holding_of(price.product, price=price) or _due(user, price):
        claims.end_purchase(claim)
        return Started(held=held)
    if other_currency := holdings.other_currency(price):
        claims.release_unless_at_checkout(claim)
        raise CannotBuy.other_currency(other_currency, price.currency)
    return None


def _due(user: User, price: Price) -> Subscription | None:
    """Return the subscription that is scheduled to change to the product."""
    ids = BillingAccount.objects.customer_ids_of(user)
    return Subscription.objects.filter(customer__in=ids).due_to_change_to(price.product).first()


def _go_on(claim: ProductClaim, price: Price, quantity: int, *, user: User, now: datetime) -> Started | None:
    """Return the claim's open session, made if there is none; None if another claim has to be taken."""
    if claims.is_over(claim, now=now):
        claims.release(claim)
        return None
    trial_days = trials.days_of(price, user=user)
    session = sessions.for_claim(claim, price=price, quantity=quantity, trial_days=trial_days)
    is_new = session.status == Status.CLAIMED
    made = _create(claim, session, user) if is_new else _look_up(session)
    if made is None or made.status != Status.OPEN:
        # If it was paid, the purchase is in the mirror, and the next turn finds it there.
        claims.release(claim)
        return None
    wanted = (price.pk, quantity, trial_days)
    if not claims.confirm_session(claim) or (made.price_id, made.quantity, made.trial_days) != wanted:
        # Another process released the claim meanwhile, or the session is for another price, quantity or trial.
        claims.end_purchase(claim, made)
        return None
    return Started(url=made.url, session=made, is_new=is_new)


def _create(claim: ProductClaim, session: CheckoutSession, user: User) -> CheckoutSession:
    try:
        return sessions.create(session, user=user)
    except StripeUnavailable as error:
        if not error.answered_500:
            raise
        # Stripe answers this attempt's key with the same error again, but may have made the session.
        if made := sessions.find_made(session):
            return made
        claims.release(claim)
        raise


def _look_up(session: CheckoutSession) -> CheckoutSession | None:
    """Fetch the session; None if Stripe does not know it, because the key is another account's now."""
    try:
        return sessions.look_up(session)
    except StripeMissing:
        return None


def _customer_after(error: StripeRefused, customer: Customer, user: User) -> Customer:
    """Return the customer to try again with, a new one if Stripe does not know this one; else raise CannotBuy."""
    if isinstance(error, StripeMissing) and error.param == "customer":
        customers.unlink(customer.pk)
        return customers.ensure(user)
    if error.code != IDEMPOTENCY_CONFLICT:
        raise CannotBuy.refused(error) from error
    # This attempt was sent before with other parameters: the site's address has changed, for example.
    return customer

"""Checkout sessions at Stripe: create, look up and expire them, and mirror them with their purchase."""

from collections.abc import Callable
from dataclasses import replace

from billing import gateway, idempotency
from billing.errors import StripeRefused
from billing.gateway.snapshots import JSON, Snapshot
from billing.linked import linked
from billing.mirror import engine
from billing.models import Price
from subscriptions.checkout.params import params_for
from subscriptions.mirror import discounts, kinds, mapping
from subscriptions.models import Awaits, CheckoutSession, Payment, ProductClaim, Subscription
from subscriptions.user_model import User

Mode, Status = CheckoutSession.Mode, CheckoutSession.Status

# Stripe's payment status of a session that is complete all the same: its payment takes days.
UNPAID = "unpaid"


def mode_of(price: Price) -> CheckoutSession.Mode:
    return Mode.SUBSCRIPTION if price.is_recurring else Mode.PAYMENT


def for_claim(claim: ProductClaim, *, price: Price, quantity: int, trial_days: int) -> CheckoutSession:
    """Return the session of a purchase's claim; its row is made with these terms if there is none."""
    terms = {
        "customer_id": claim.customer_id,
        "product_id": claim.product_id,
        "price": price,
        "quantity": quantity,
        "mode": mode_of(price),
        "trial_days": trial_days,
    }
    return CheckoutSession.objects.get_or_create(pk=claim.attempt_id, defaults=terms)[0]


def create(session: CheckoutSession, *, user: User) -> CheckoutSession:
    """Create the session at Stripe. The row's id makes the key, so a repeated request gets the same session."""
    key = idempotency.key("checkout", session.pk)
    params = params_for(session, user=user)
    return _mirror_answer(session, lambda: gateway.create_checkout_session(params, key=key))


def find_made(session: CheckoutSession) -> CheckoutSession | None:
    """Look for a session that Stripe may have made although it answered with an error, and mirror it."""
    pages = gateway.checkout_sessions_of_customer(str(session.customer_id))
    found = (obj["id"] for page in pages for obj in page.objects if mapping.claim_of(obj) == session.pk)
    stripe_id = next(found, None)
    if stripe_id is None:
        return None
    return _mirror_answer(session, lambda: gateway.retrieve_checkout_session(stripe_id))


def look_up(session: CheckoutSession) -> CheckoutSession:
    """Fetch a session, and mirror it with its subscription or payment."""
    stripe_id = str(session.stripe_id)
    found = _mirror_answer(session, lambda: gateway.retrieve_checkout_session(stripe_id))
    # The payment of a purchase came inside the answer.
    return found if found.payment_intent_id else follow_payment(found)


def follow_payment(session: CheckoutSession) -> CheckoutSession:
    """Fetch the payment that a complete session still waits for: a debit or a voucher takes days.

    That of a purchase is mirrored; of a subscription's first payment, what it waits for is stored with the session.
    """
    is_paid = session.payment_status != UNPAID
    if session.status != Status.COMPLETE or (is_paid and not Payment.objects.awaited().filter(pk=session.pk).exists()):
        return session
    if session.payment_intent_id:
        engine.apply_snapshot(kinds.PAYMENT, gateway.retrieve_payment_intent(session.payment_intent_id))
    elif session.subscription_id and (intent := _first_payment_of(session.subscription_id)):
        has_failed = intent["status"] in {Payment.Status.REQUIRES_PAYMENT_METHOD, Payment.Status.CANCELED}
        columns = {**mapping.awaited_columns(intent), **({"awaits": Awaits.FAILED.value} if has_failed else {})}
        CheckoutSession.objects.filter(pk=session.pk).update(**columns)
        for name, value in columns.items():
            setattr(session, name, value)
    return session


def expire(session: CheckoutSession) -> CheckoutSession:
    """Expire an open session so that it can't be paid; if it was paid meanwhile, mirror it with its purchase."""
    stripe_id = str(session.stripe_id)
    try:
        return _mirror_answer(session, lambda: gateway.expire_checkout_session(stripe_id))
    except StripeRefused:
        return look_up(session)


def has_arrived(session: CheckoutSession) -> bool:
    """Whether the session has expired, or is complete and its subscription or payment is in the mirror."""
    return session.status == Status.EXPIRED or (session.status == Status.COMPLETE and any(bought_by(session)))


def bought_by(session: CheckoutSession) -> tuple[Subscription | None, Payment | None]:
    subscriptions = Subscription.objects.filter(pk=session.subscription_id)
    subscription = linked(subscriptions, "customer", "price", "product").first()
    payment = linked(Payment.objects.filter(pk=session.pk), "price", "product").first()
    return subscription, payment


def mirror_purchase(session: Snapshot) -> None:
    """Mirror what was bought in a session: the subscription or payment expanded in it, or a free order."""
    subscription, payment_intent = session.object.get("subscription"), session.object.get("payment_intent")
    if isinstance(subscription, dict):
        row = engine.apply_snapshot(kinds.SUBSCRIPTION, session.part(subscription)).row
        if row is not None:
            discounts.complete(row)
    if isinstance(payment_intent, dict):
        engine.apply_snapshot(kinds.PAYMENT, session.part(payment_intent))
    elif mapping.is_free_order(session.object):
        engine.apply_snapshot(kinds.FREE_ORDER, session)


def _first_payment_of(subscription_id: str) -> JSON | None:
    """Return the payment intent of the subscription's latest invoice; None if that has none."""
    known = Subscription.objects.filter(pk=subscription_id).values_list("latest_invoice_id", flat=True).first()
    invoice_id = known or engine.id_of(gateway.retrieve_subscription(subscription_id).object.get("latest_invoice"))
    if invoice_id is None:
        return None
    payments = gateway.retrieve_invoice(invoice_id).object["payments"]["data"]
    intents = [engine.id_of(entry["payment"].get("payment_intent")) for entry in payments]
    newest = next(filter(None, intents), None)
    return gateway.retrieve_payment_intent(newest).object if newest else None


def _mirror_answer(session: CheckoutSession, ask: Callable[[], Snapshot]) -> CheckoutSession:
    """Call Stripe with `ask`, and mirror the session that it answers with and the objects expanded in it."""
    answers: list[Snapshot] = []

    def keep(answer: Snapshot) -> Snapshot:
        answers.append(answer)
        return answer

    # When another writer was faster, the engine fetches the session again: that answer has the newer contents.
    kind = replace(kinds.SESSION, fetch=lambda stripe_id: keep(kinds.SESSION.fetch(stripe_id)))
    after = engine.apply_answer(kind, session.pk, lambda: keep(ask())).row
    if after is None:
        # The customer was erased meanwhile. The session is at Stripe all the same, and may have to be expired.
        session.stripe_id, session.status = answers[-1].id, answers[-1].object["status"]
        after = session
    mirror_purchase(answers[-1])
    return after

"""Cancelling one-time orders that are not paid yet: at Stripe first, so that nothing is charged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from billing import gateway
from billing.errors import StripeMissing, StripeRefused
from billing.gateway.snapshots import Snapshot
from billing.mirror import engine
from subscriptions.mirror import kinds, mapping
from subscriptions.models import Awaits, Payment


def cancel(payment: Payment, *, now: datetime) -> Payment:
    """Cancel an order at Stripe, and end it here unless it is being debited or was paid meanwhile; returns its row.

    If Stripe does not cancel it, money may still come: `was_cancelled_unpaid` is stored for that, and staff see it.
    Raises StripeUnavailable or StripeMisconfigured.
    """
    after = _cancel_at_stripe(payment)
    if after.awaits != Awaits.DEBIT:
        # Paid between the two calls, it stays a purchase.
        unpaid = Payment.objects.filter(pk=payment.pk, access_ended_at=None).exclude(status=Payment.Status.SUCCEEDED)
        unpaid.update(access_ended_at=now, was_cancelled_unpaid=True)
    payment.refresh_from_db()
    return payment


def _cancel_at_stripe(payment: Payment) -> Payment:
    """Cancel a payment, and mirror its state.

    Stripe refuses if it was paid meanwhile, and may refuse the payment of a checkout that is complete
    (https://docs.stripe.com/api/payment_intents/cancel). Of a payment that Stripe does not know, nothing can be paid.
    """
    intent_id = payment.payment_intent_id
    try:
        return _apply(payment, partial(gateway.cancel_payment_intent, intent_id))
    except StripeMissing:
        return payment
    except StripeRefused:
        return _apply(payment, partial(gateway.retrieve_payment_intent, intent_id))


def _apply(payment: Payment, ask: Callable[[], Snapshot]) -> Payment:
    """Write only the state of a payment: a payment that our checkout did not make does not say what was bought."""
    kind = replace(
        kinds.PAYMENT,
        columns=lambda obj: {"status": obj["status"], **mapping.awaited_columns(obj)},
        fetch=gateway.retrieve_payment_intent,
        primary_key=lambda _: payment.pk,
    )
    return engine.apply_answer(kind, payment.pk, ask).row or payment

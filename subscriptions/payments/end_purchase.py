"""Ends one-time purchases without a refund, and cancels those that are not paid yet.

A refund in full ends a purchase too: refunds.py.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from subscriptions.mirror import history, unpaid_orders
from subscriptions.models import Awaits, Payment
from subscriptions.plans.errors import CannotCancel

logger = logging.getLogger(__name__)


def end_access(*, payments: Iterable[Payment], now: datetime) -> None:
    """End the access that these purchases give, for good; nothing is refunded.

    `access_ended_at` is our own column, so no later state from Stripe brings the access back. What is not paid yet is
    cancelled at Stripe first, so that nothing is charged.
    Raises CannotCancel if a payment is on its way from a bank, or arrived a moment ago: it would be charged for
    nothing. Raises StripeUnavailable or StripeMisconfigured if something has to be cancelled and can't be.
    """
    payments = list(payments)
    if any(payment.awaits == Awaits.DEBIT for payment in payments):
        raise CannotCancel.being_debited()
    for payment in payments:
        if payment.is_unpaid and payment.access_ended_at is None:
            _cancel_unpaid(payment, now)
        elif Payment.objects.filter(pk=payment.pk, access_ended_at=None).update(access_ended_at=now):
            payment.access_ended_at = now
            _log("ended without a refund", payment)


def _cancel_unpaid(payment: Payment, now: datetime) -> None:
    unpaid_orders.cancel(payment, now=now)
    if payment.access_ended_at is None:
        is_debited = payment.awaits == Awaits.DEBIT
        raise CannotCancel.being_debited() if is_debited else CannotCancel.paid_meanwhile()
    _log("cancelled before it was paid", payment)


def _log(done: str, payment: Payment) -> None:
    cause = history.current_cause()
    logger.info("purchase %s %s by %s %s", payment.pk, done, cause.kind, cause.id)

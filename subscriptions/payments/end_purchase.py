"""Ends one-time purchases without a refund. A refund in full ends a purchase too: refunds.py."""

import logging
from collections.abc import Iterable
from datetime import datetime

from subscriptions.mirror import history
from subscriptions.models import Awaits, Payment
from subscriptions.plans.errors import CannotCancel

logger = logging.getLogger(__name__)


def end_access(*, payments: Iterable[Payment], now: datetime) -> None:
    """End the access that these purchases give, for good; nothing is refunded, and no call is made to Stripe.

    `access_ended_at` is our own column, so no later state from Stripe brings the access back. Raises CannotCancel if a
    payment is on its way from a bank: it would be charged for nothing.
    """
    payments = list(payments)
    if any(payment.awaits == Awaits.DEBIT for payment in payments):
        raise CannotCancel.being_debited()
    for payment in payments:
        if Payment.objects.filter(pk=payment.pk, access_ended_at=None).update(access_ended_at=now):
            payment.access_ended_at = now
            cause = history.current_cause()
            logger.info("purchase %s ended without a refund by %s %s", payment.pk, cause.kind, cause.id)

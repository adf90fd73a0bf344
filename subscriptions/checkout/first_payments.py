"""Subscriptions whose first payment has failed or is not made: ended so that nothing is paid for them later."""

from contextlib import suppress
from functools import partial

from billing import gateway
from billing.errors import StripeMissing, StripeRefused
from billing.mirror import engine
from subscriptions.mirror import kinds, refresh
from subscriptions.models import Subscription

Status = Subscription.Status


def end_unpaid(subscription: Subscription) -> Subscription:
    """Void the open first invoice, and end the subscription; returns the subscription as it is afterwards.

    If the invoice was paid meanwhile, the subscription is left running.
    Raises StripeUnavailable or StripeMisconfigured.
    """
    after = refresh.fetch(subscription)
    if after.status != Status.INCOMPLETE:
        return after
    if after.latest_invoice_id:
        try:
            _void(after.latest_invoice_id)
        except StripeRefused:
            # It was paid meanwhile, or is being paid.
            return refresh.fetch(subscription)
        after = refresh.fetch(subscription)
    if after.status != Status.INCOMPLETE:
        return after
    # After a lost answer, the repeated call gets "no such subscription".
    with suppress(StripeMissing):
        return refresh.apply_answer(after, lambda: gateway.cancel_subscription(after.pk, {}))
    return refresh.fetch(subscription)


def _void(invoice_id: str) -> None:
    engine.apply_answer(kinds.INVOICE, invoice_id, partial(gateway.void_invoice, invoice_id))

"""Start a paused subscription again."""

from contextlib import suppress

from billing import gateway
from billing.errors import StripeFailure, StripeMissing, StripeRefused
from billing.mirror import engine
from subscriptions.mirror import kinds, refresh
from subscriptions.models import Subscription
from subscriptions.plans.errors import CannotResume

# Stripe's codes if the bank wants the payment confirmed (https://docs.stripe.com/error-codes).
TO_CONFIRM = frozenset({"authentication_required", "subscription_payment_intent_requires_action"})


def start_again(*, subscription: Subscription) -> Subscription:
    """Resume a paused subscription: a period begins and is charged at once, and it continues only once that is paid.

    Raises CannotResume if it has ended, or is not paid; then it stays paused.
    """
    try:
        return refresh.apply_answer(subscription, lambda: gateway.resume_subscription(subscription.pk))
    except StripeRefused as error:
        after = refresh.fetch(subscription)
        if after.has_ended:
            raise CannotResume.already_ended() from error
        if after.status != Subscription.Status.PAUSED:
            return after
        if isinstance(error, StripeMissing):
            raise CannotResume.without_card() from error
        pay_at = _page_to_pay(after)
        if error.code in TO_CONFIRM:
            raise CannotResume.not_confirmed(pay_at=pay_at) from error
        raise CannotResume.not_paid(pay_at=pay_at) from error


def _page_to_pay(subscription: Subscription) -> str:
    """Return the page of the invoice that the subscription waits for; empty if it is not known."""
    invoice_id = subscription.latest_invoice_id
    if not invoice_id:
        return ""
    with suppress(StripeFailure):
        invoice = engine.apply_answer(kinds.INVOICE, invoice_id, lambda: gateway.retrieve_invoice(invoice_id)).row
        return invoice.hosted_invoice_url if invoice and invoice.is_payable else ""
    return ""

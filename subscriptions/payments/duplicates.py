"""Somebody who pays twice for one product: found, shown to staff, and put right with one click.

Checkout bars it; two sessions from the dashboard, or one paid outside this site, can still bring it about.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Count, QuerySet

from billing import gateway
from billing.mirror.engine import apply_page
from subscriptions import stripe_clock
from subscriptions.mirror import kinds
from subscriptions.models import Invoice, Payment, Subscription
from subscriptions.payments import refunds
from subscriptions.plans import cancel

# Never begun, given up or paused, one takes no money beside another.
PAYING = Subscription.GIVING_ACCESS | {Subscription.Status.PAST_DUE}

Purchase = TypeVar("Purchase", Subscription, Payment)


def newer_subscriptions() -> list[Subscription]:
    """Subscriptions that a customer pays, who pays an older one to the same product."""
    return _all_but_the_oldest(Subscription.objects.filter(status__in=PAYING, is_deleted=False))


def newer_payments() -> list[Payment]:
    """One-time purchases of a customer who had bought the same, of a product that is not bought repeatedly."""
    return _all_but_the_oldest(Payment.objects.giving_access().filter(product__can_be_bought_again=False))


def cancel_and_refund(subscription: Subscription) -> Subscription:
    """Cancel it at once, and refund all that was paid for it.

    Raises LifecycleRefusal, StripeUnavailable or StripeRefused; done again, it goes on where it stopped.
    """
    if subscription.is_running:
        subscription = cancel.cancel_now(subscription=subscription, is_last_invoice_wanted=False)
    # From Stripe, not from the mirror alone: an invoice that has not come here yet is paid all the same.
    for page in gateway.invoice_pages(subscription_id=subscription.pk):
        apply_page(kinds.INVOICE, page.snapshots())
    for invoice in Invoice.objects.filter(subscription=subscription, amount_paid__gt=0):
        refunds.refund_invoice_wholly(invoice=invoice)
    return subscription


def refund_duplicate(payment: Payment) -> None:
    """Refund all of it, which ends it; a free order just ends."""
    refunds.refund_payment_wholly(payment=payment)
    Payment.objects.filter(pk=payment.pk, access_ended_at=None).update(access_ended_at=stripe_clock.now())


def _all_but_the_oldest(purchases: "QuerySet[Purchase]") -> list[Purchase]:
    held_twice = purchases.order_by().values("customer_id", "product_id").annotate(held=Count("pk")).filter(held__gt=1)
    pairs = {(row["customer_id"], row["product_id"]) for row in held_twice}
    candidates = purchases.filter(customer__in={customer for customer, _ in pairs}).select_related(
        "product", "customer"
    )
    return list(_newer(candidates.order_by("stripe_created_at", "pk"), pairs))


def _newer(purchases: Iterable[Purchase], pairs: set[tuple[str, str]]) -> Iterable[Purchase]:
    seen: set[tuple[str, str]] = set()
    for purchase in purchases:
        pair = (str(purchase.customer_id), str(purchase.product_id))
        if pair in pairs and pair in seen:
            yield purchase
        seen.add(pair)

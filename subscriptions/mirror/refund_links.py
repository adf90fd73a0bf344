"""Links between refunds and what they refund, whichever of the two comes first. Only rows are read and written."""

from django.db.models import Sum

from subscriptions.models import Invoice, Payment, Refund


def invoice_written(invoice: Invoice) -> None:
    """Give refunds that came before their invoice its customer."""
    if invoice.customer_id:
        Refund.objects.filter(invoice_id=invoice.pk, customer=None).update(customer_id=invoice.customer_id)


def payment_written(payment: Payment) -> None:
    """Give refunds that came before their purchase its customer, and end it if it is refunded in full."""
    if payment.payment_intent_id:
        refunds = Refund.objects.filter(payment_intent_id=payment.payment_intent_id, customer=None)
        for refund in refunds.order_by("stripe_created_at"):
            settle(payment, refund)


def settle(payment: Payment, refund: Refund) -> None:
    """Link a refund to its purchase's customer, and end a purchase that is refunded in full.

    If the refund fails later, that is undone, because the money stayed here.
    """
    purchase = Payment.objects.filter(pk=payment.pk)
    if refunded_amount(payment.payment_intent_id) >= payment.amount:
        purchase.filter(access_ended_at=None).update(access_ended_at=refund.stripe_created_at)
    else:
        refunds = Refund.objects.filter(payment_intent_id=payment.payment_intent_id)
        ended_by_refund = list(refunds.values_list("stripe_created_at", flat=True))
        purchase.filter(access_ended_at__in=ended_by_refund).update(access_ended_at=None)
    Refund.objects.filter(pk=refund.pk).update(customer_id=payment.customer_id)


def refunded_amount(payment_intent_id: str, *, besides: str = "") -> int:
    """Return how much of a payment is refunded; refunds of the request `besides` are left out."""
    refunds = Refund.objects.filter(payment_intent_id=payment_intent_id, status__in=Refund.STANDING)
    if besides:
        refunds = refunds.exclude(request_id=besides)
    return refunds.aggregate(total=Sum("amount"))["total"] or 0

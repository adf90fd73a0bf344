"""Purchases whose money came after they were cancelled: they give nothing, so the money has to be refunded."""

from datetime import datetime

from django.db.models import Sum

from subscriptions.models import Dispute, Payment, Refund


def find() -> list[Payment]:
    """Return the purchases that are not fully refunded yet. One query if there are none, else three."""
    late = list(Payment.objects.paid_after_cancel().select_related("customer", "product"))
    if not late:
        return []
    intents = [payment.payment_intent_id for payment in late]
    refunds = Refund.objects.filter(payment_intent_id__in=intents, status__in=Refund.STANDING)
    sums = refunds.order_by().values("payment_intent_id").annotate(refunded=Sum("amount"))
    refunded = {row["payment_intent_id"]: row["refunded"] for row in sums}
    taken_back = set(
        Dispute.objects.taking_access()
        .filter(payment_intent_id__in=intents)
        .order_by()
        .values_list("payment_intent_id", flat=True)
    )
    return [
        payment
        for payment in late
        if payment.payment_intent_id not in taken_back and refunded.get(payment.payment_intent_id, 0) < payment.amount
    ]


def mark_given_back(payment: Payment, *, now: datetime) -> None:
    """Record that staff have given the money back outside Stripe."""
    Payment.objects.filter(pk=payment.pk, given_back_at=None).update(given_back_at=now)

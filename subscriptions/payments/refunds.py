"""Refunds of purchases and invoices, made here or in Stripe's dashboard; a refund in full ends a purchase."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from billing import gateway, idempotency, money
from billing.gateway import Page
from billing.gateway.snapshots import Event
from billing.mirror import engine
from billing.mirror.engine import Mirrored
from billing.mirror.isolation import isolated
from billing.mirror.pages import PageResult, apply_page
from subscriptions.mirror import kinds
from subscriptions.models import Invoice, Payment, Refund

if TYPE_CHECKING:
    from stripe import params as p

# Stripe's reasons for a refund (https://docs.stripe.com/api/refunds/create).
REASONS = {
    "requested_by_customer": "Requested by the customer",
    "duplicate": "Paid twice",
    "fraudulent": "Fraudulent",
}


class CannotRefund(Exception):
    """There is nothing to refund, or less than was asked for; the message is for staff."""

    @classmethod
    def not_paid(cls) -> Self:
        return cls("Nothing has been paid on this, so there is nothing to refund.")

    @classmethod
    def bad_amount(cls, left: int, currency: str) -> Self:
        return cls(f"Enter an amount of at most {money.display(left, currency)}, which is what is left to refund.")

    @classmethod
    def not_readable(cls, invoice_id: str, reason: str) -> Self:
        return cls(f"Look at invoice {invoice_id} in Stripe's dashboard: it may still have to be refunded. ({reason})")


@dataclass(frozen=True)
class Paid:
    """A successful payment; `amount` in the currency's minor unit."""

    payment_intent_id: str
    amount: int
    currency: str

    @property
    def left(self) -> int:
        """The amount that has not been refunded yet."""
        return self.amount - _refunded_amount(self.payment_intent_id)

    @property
    def amount_display(self) -> str:
        return money.display(self.amount, self.currency)


def refund_payment(*, payment: Payment, amount: int, reason: str, request_id: str) -> Refund:
    """Refund a one-time purchase, in full or in part; a refund in full ends it.

    `amount` in the currency's minor unit. Raises CannotRefund, StripeUnavailable, StripeRefused.
    """
    if payment.status != Payment.Status.SUCCEEDED or not payment.payment_intent_id:
        raise CannotRefund.not_paid()
    paid = Paid(payment.payment_intent_id, payment.amount, payment.currency)
    return _refund(paid, amount=amount, reason=reason, request_id=request_id)


def refund_invoice(*, invoice: Invoice, amount: int, reason: str, request_id: str) -> Refund:
    """Refund a payment of a subscription's invoice, in full or in part; the subscription continues.

    Raises CannotRefund, StripeUnavailable, StripeRefused.
    """
    paid = paid_on(invoice)
    if paid is None:
        raise CannotRefund.not_paid()
    return _refund(paid, amount=amount, reason=reason, request_id=request_id)


def refund_payment_in_full(*, payment: Payment) -> Refund | None:
    """Refund the rest of a one-time purchase; None if nothing is left."""
    left = Paid(payment.payment_intent_id, payment.amount, payment.currency).left
    if not payment.payment_intent_id or not left:
        return None
    request_id = f"whole-{payment.pk}"
    return refund_payment(payment=payment, amount=left, reason="duplicate", request_id=request_id)


def refund_invoice_in_full(*, invoice: Invoice) -> Refund | None:
    """Refund the rest of what was paid on an invoice; None if nothing is left."""
    paid = paid_on(invoice)
    if paid is None or not paid.left:
        return None
    return _refund(paid, amount=paid.left, reason="duplicate", request_id=f"whole-{invoice.pk}")


def paid_on(invoice: Invoice) -> Paid | None:
    """Ask Stripe for the payment of an invoice; None if nothing was paid."""
    payment_intent_id = _payment_intent_of(invoice) if invoice.amount_paid else None
    return Paid(payment_intent_id, invoice.amount_paid, invoice.currency) if payment_intent_id else None


def refund_changed(events: Sequence[Event]) -> Mirrored[Refund]:
    """Write a refund to the mirror, link it to its customer, and end a purchase that is refunded in full."""
    result = engine.apply_events(kinds.REFUND, events)
    if result.row is not None:
        _link_and_settle(result.row)
    return result


def compare_page(page: Page, *, since: datetime | None) -> PageResult[Refund]:
    """Write a page of Stripe's list of refunds to the mirror, and link and settle those that are new or changed.

    Equal ones that were written after `since` (None: at any time) are settled again: the process that wrote them may
    have been killed one step later.
    """
    result = apply_page(kinds.REFUND, page.snapshots())
    written = [each.row for each in result.compared if each.row is not None and each.was_written]
    equal = [each.object["id"] for each in result.compared if not each.was_written]
    for refund in [*written, *_perhaps_not_settled(equal, since)]:
        with isolated(kinds.REFUND.object_name, refund.pk, result.failed):
            _link_and_settle(refund)
    return result


def _perhaps_not_settled(pks: list[str], since: datetime | None) -> "QuerySet[Refund]":
    """Return those of these refunds that were written lately, or whose purchase came after them."""
    has_payment = Exists(Payment.objects.filter(payment_intent_id=OuterRef("payment_intent_id")))
    refunds = Refund.objects.filter(pk__in=pks).exclude(payment_intent_id="")
    return refunds.filter(Q(known_until__gte=since) | Q(has_payment, customer=None)) if since else refunds


def _refund(paid: Paid, *, amount: int, reason: str, request_id: str) -> Refund:
    if not 1 <= amount <= paid.left:
        raise CannotRefund.bad_amount(paid.left, paid.currency)
    params: p.RefundCreateParams = {"payment_intent": paid.payment_intent_id, "amount": amount}
    if reason in REASONS:
        params["reason"] = reason
    key = idempotency.key("refund", request_id, amount)
    refund = engine.apply_snapshot(kinds.REFUND, gateway.create_refund(params, key=key)).row
    assert refund is not None, "the mirror stores every refund"  # noqa: S101
    _link_and_settle(refund)
    return refund


def _link_and_settle(refund: Refund) -> None:
    if not refund.payment_intent_id:
        # A refund of a charge without a payment intent: no purchase here has such a charge.
        return
    payment = Payment.objects.filter(payment_intent_id=refund.payment_intent_id).first()
    if payment is not None:
        _end_or_restore_access(payment, refund)
        Refund.objects.filter(pk=refund.pk).update(customer_id=payment.customer_id)
    elif refund.invoice_id is None:
        _link_to_invoice(refund)


def _end_or_restore_access(payment: Payment, refund: Refund) -> None:
    """End a purchase that is refunded in full; undo that if the refund fails later, because the money stayed here."""
    purchase = Payment.objects.filter(pk=payment.pk)
    if _refunded_amount(payment.payment_intent_id) >= payment.amount:
        purchase.filter(access_ended_at=None).update(access_ended_at=refund.stripe_created_at)
    else:
        refunds = Refund.objects.filter(payment_intent_id=payment.payment_intent_id)
        ended_by_refund = list(refunds.values_list("stripe_created_at", flat=True))
        purchase.filter(access_ended_at__in=ended_by_refund).update(access_ended_at=None)


def _link_to_invoice(refund: Refund) -> None:
    """Link a refund to the invoice that its payment paid; Stripe's refund does not contain the invoice's id."""
    page = gateway.invoice_payments_of(refund.payment_intent_id)
    for invoice_payment in page.objects:
        invoice_id = engine.id_of(invoice_payment["invoice"])
        invoice = Invoice.objects.filter(pk=invoice_id).first()
        Refund.objects.filter(pk=refund.pk).update(
            invoice_id=invoice_id, customer_id=invoice.customer_id if invoice else None
        )


def _payment_intent_of(invoice: Invoice) -> str | None:
    payments = gateway.retrieve_invoice(invoice.pk).object["payments"]["data"]
    paid = [entry["payment"] for entry in payments if entry["status"] == "paid"]
    return next((engine.id_of(payment["payment_intent"]) for payment in paid if payment.get("payment_intent")), None)


def _refunded_amount(payment_intent_id: str) -> int:
    refunds = Refund.objects.filter(payment_intent_id=payment_intent_id, status__in=Refund.STANDING)
    return refunds.aggregate(total=Sum("amount"))["total"] or 0

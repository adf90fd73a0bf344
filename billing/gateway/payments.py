"""Invoices, payments, refunds and disputes."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from billing.errors import StripeMissing
from billing.gateway.client import read_page, read_pages, read_range, send
from billing.gateway.nested_lists import completed
from billing.gateway.snapshots import Page, Snapshot

if TYPE_CHECKING:
    from stripe import params as p


def preview_invoice(params: "p.InvoiceCreatePreviewParams") -> Snapshot:
    """The invoice that these parameters would bring; with all its lines, unless Stripe no longer knows it."""
    answer = send(lambda stripe_: stripe_.v1.invoices.create_preview(params))
    with suppress(StripeMissing):
        return completed(answer, "lines")
    return answer


def retrieve_invoice(invoice_id: str) -> Snapshot:
    """The invoice with all its payments inside."""
    answer = send(lambda stripe_: stripe_.v1.invoices.retrieve(invoice_id, {"expand": ["payments"]}))
    return completed(answer, "payments")


def void_invoice(invoice_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.invoices.void_invoice(invoice_id))


def mark_invoice_uncollectible(invoice_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.invoices.mark_uncollectible(invoice_id))


def invoice_pages(*, subscription_id: str = "", status: str = "") -> Iterator[Page]:
    """Invoices of one subscription or of all, in one status or in any, newest first."""
    filters = {"subscription": subscription_id, "status": status}
    return read_pages("/v1/invoices", {name: value for name, value in filters.items() if value})


def invoice_page(*, newest: int | None, oldest: int | None, starting_after: str = "") -> Page:
    """Up to a hundred invoices in any status, of these seconds (as `read_range` says)."""
    return read_range("/v1/invoices", {}, newest=newest, oldest=oldest, starting_after=starting_after)


def refund_page(*, newest: int | None, oldest: int | None, starting_after: str = "") -> Page:
    """Up to a hundred refunds in any status, of these seconds, each with its payment intent inside."""
    params = {"expand": ["data.payment_intent"]}
    return read_range("/v1/refunds", params, newest=newest, oldest=oldest, starting_after=starting_after)


def payments_of_invoice(invoice_id: str) -> Iterator[Page]:
    """The payments that were received on an invoice, newest first."""
    return read_pages("/v1/invoice_payments", {"invoice": invoice_id, "status": "paid"})


def invoice_payments_of(payment_intent_id: str) -> Page:
    """The invoices that a payment intent has paid; empty for a one-time purchase."""
    payment = {"type": "payment_intent", "payment_intent": payment_intent_id}
    return read_page("/v1/invoice_payments", {"payment": payment, "limit": 10})


def retrieve_payment_intent(payment_intent_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.payment_intents.retrieve(payment_intent_id))


def cancel_payment_intent(payment_intent_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.payment_intents.cancel(payment_intent_id))


def create_refund(params: "p.RefundCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.refunds.create(params, {"idempotency_key": key}), is_keyed=True)


def refunds_of_payment(payment_intent_id: str) -> Iterator[Page]:
    """The refunds of one payment, newest first, each with its payment intent inside."""
    return read_pages("/v1/refunds", {"payment_intent": payment_intent_id, "expand": ["data.payment_intent"]})


def retrieve_refund(refund_id: str) -> Snapshot:
    """The refund with its payment intent inside, which names the customer."""
    return send(lambda stripe_: stripe_.v1.refunds.retrieve(refund_id, {"expand": ["payment_intent"]}))


def retrieve_dispute(dispute_id: str) -> Snapshot:
    """The dispute with its payment intent inside, which names the customer."""
    return send(lambda stripe_: stripe_.v1.disputes.retrieve(dispute_id, {"expand": ["payment_intent"]}))


def dispute_page(*, newest: int | None, oldest: int | None, starting_after: str = "") -> Page:
    """Up to a hundred disputes in any status, of these seconds, each with its payment intent inside."""
    params = {"expand": ["data.payment_intent"]}
    return read_range("/v1/disputes", params, newest=newest, oldest=oldest, starting_after=starting_after)

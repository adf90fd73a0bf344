"""Closes open invoices that will not be paid: they are voided or written off at Stripe."""

import logging
from collections.abc import Callable
from typing import Self

from billing import gateway
from billing.errors import StripeRefused
from billing.gateway.snapshots import Snapshot
from billing.mirror import engine
from subscriptions.mirror import kinds
from subscriptions.models import Invoice

logger = logging.getLogger(__name__)


class CannotClose(Exception):
    """The invoice is not open any more, or not yet; the message is for staff."""

    @classmethod
    def not_open(cls, invoice: Invoice) -> Self:
        if invoice.status in Invoice.CLOSED_UNPAID:
            # Perhaps by an earlier try, whose answer was lost.
            return cls(f"Invoice {invoice} is closed already ({invoice.status_label}).")
        return cls(f"Invoice {invoice} is not open ({invoice.status_label}), so nothing was changed.")


def void(*, invoice: Invoice) -> Invoice:
    """Void an invoice that was a mistake: nothing is owed, and credit of the customer that it used is given back.

    https://docs.stripe.com/invoicing/overview#void. Raises CannotClose, StripeUnavailable, StripeRefused.
    """
    if not invoice.can_be_voided:
        raise CannotClose.not_open(invoice)
    return _close(invoice, gateway.void_invoice, Invoice.Status.VOID)


def write_off(*, invoice: Invoice) -> Invoice:
    """Mark an invoice as uncollectible: it is owed, but Stripe stops asking for it. It can still be paid.

    https://docs.stripe.com/invoicing/overview#uncollectible. Raises CannotClose, StripeUnavailable, StripeRefused.
    """
    if not invoice.can_be_written_off:
        raise CannotClose.not_open(invoice)
    return _close(invoice, gateway.mark_invoice_uncollectible, Invoice.Status.UNCOLLECTIBLE)


def _close(invoice: Invoice, ask: Callable[[str], Snapshot], status: str) -> Invoice:
    try:
        closed = engine.apply_answer(kinds.INVOICE, invoice.pk, lambda: ask(invoice.pk)).row or invoice
    except StripeRefused:
        # An earlier try, whose answer was lost, may have closed it.
        fetched = engine.apply_answer(kinds.INVOICE, invoice.pk, lambda: gateway.retrieve_invoice(invoice.pk)).row
        if fetched is None or fetched.status != status:
            raise
        closed = fetched
    logger.info("invoice %s is now %s", invoice.pk, closed.status)
    return closed

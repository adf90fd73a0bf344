"""What was received for a purchase or an invoice: one payment or several, and how a refund is split over them."""

from dataclasses import dataclass

from billing import gateway, money
from billing.gateway.snapshots import JSON
from billing.mirror import engine
from subscriptions.mirror import refund_links
from subscriptions.models import Dispute, Invoice, Payment


@dataclass(frozen=True)
class Paid:
    """A successful payment; `amount` in the currency's minor unit."""

    payment_intent_id: str
    amount: int

    def left(self, *, besides: str = "") -> int:
        """The amount that is not refunded yet, not counting refunds of the request `besides`.

        Stripe refunds nothing of a payment that the bank has taken back.
        """
        if self.taken_back():
            return 0
        return max(0, self.amount - refund_links.refunded_amount(self.payment_intent_id, besides=besides))

    def locked(self) -> int:
        """The amount that is neither refunded nor taken back, and that Stripe does not refund: it is disputed."""
        taken = self.taken_back()
        return max(0, self.amount - taken - refund_links.refunded_amount(self.payment_intent_id)) if taken else 0

    def taken_back(self) -> int:
        """The amount that disputes have taken back."""
        return Dispute.objects.amount_taken(self.payment_intent_id)


@dataclass(frozen=True)
class Received:
    """The payments, newest first, and the amount that was received outside Stripe and can't be refunded here."""

    payments: list[Paid]
    currency: str
    outside: int = 0

    @property
    def amount(self) -> int:
        return sum(paid.amount for paid in self.payments) + self.outside

    @property
    def left(self) -> int:
        """The amount that can still be refunded."""
        return sum(paid.left() for paid in self.payments)

    @property
    def taken_back_display(self) -> str:
        """What the bank has taken back; empty if nothing."""
        taken = sum(paid.taken_back() for paid in self.payments)
        return money.display(taken, self.currency) if taken else ""

    @property
    def locked_display(self) -> str:
        """What is left of disputed payments, and can't be refunded; empty if nothing."""
        locked = sum(paid.locked() for paid in self.payments)
        return money.display(locked, self.currency) if locked else ""

    def split(self, amount: int, *, request_id: str) -> list[tuple[Paid, int]]:
        """Return how much of each payment is refunded: of the newest first, as much as is left of each.

        Refunds of the same request are not counted, so that it is split as before if it is sent again.
        """
        parts = []
        for paid in self.payments:
            part = min(amount, paid.left(besides=request_id))
            if part:
                parts.append((paid, part))
            amount -= part
        return parts

    @property
    def amount_display(self) -> str:
        return money.display(self.amount, self.currency)

    @property
    def outside_display(self) -> str:
        return money.display(self.outside, self.currency) if self.outside else ""

    @property
    def parts_display(self) -> list[str]:
        """What is left of each payment, if there are several: "$5.00 of $9.00"."""
        if len(self.payments) < 2:  # noqa: PLR2004
            return []
        return [f"{self._display(paid.left())} of {self._display(paid.amount)}" for paid in self.payments]

    def _display(self, amount: int) -> str:
        return money.display(amount, self.currency)


def for_purchase(payment: Payment) -> Received:
    """Return what was received for a one-time purchase; nothing if it is not paid, or was free."""
    payments = [Paid(payment.payment_intent_id, payment.amount)] if payment.is_refundable else []
    return Received(payments, payment.currency)


def for_invoice(invoice: Invoice) -> Received:
    """Ask Stripe for the payments of an invoice; without a call if nothing was paid.

    Raises StripeUnavailable, StripeRefused.
    """
    if not invoice.is_refundable:
        return Received([], invoice.currency)
    found = [entry for page in gateway.payments_of_invoice(invoice.pk) for entry in page.objects]
    found.sort(key=_paid_at, reverse=True)
    payments = [Paid(intent, entry["amount_paid"]) for entry in found if (intent := _intent_of(entry))]
    # One that was marked as paid outside Stripe may have no payment at all.
    outside = invoice.amount_paid - sum(paid.amount for paid in payments)
    return Received(payments, invoice.currency, outside=max(0, outside))


def _paid_at(entry: JSON) -> tuple[int, int]:
    return (entry.get("status_transitions") or {}).get("paid_at") or 0, entry["created"]


def _intent_of(entry: JSON) -> str:
    return str(engine.id_of(entry["payment"].get("payment_intent")) or "")

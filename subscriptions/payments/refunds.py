"""Refunds of purchases and invoices, made here or in Stripe's dashboard; a refund in full ends a purchase."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import gateway, idempotency, kept_requests, money
from billing.errors import StripeFailure
from billing.gateway import Page
from billing.gateway.snapshots import Event
from billing.kept_requests import Creation, OpenRequest, open_request
from billing.mirror import engine
from billing.mirror.engine import Mirrored
from billing.mirror.pages import PageResult, apply_page, settle_page
from billing.models import KeptRequest
from subscriptions.mirror import kinds, mapping, refund_links
from subscriptions.models import Invoice, Payment, Refund
from subscriptions.payments import received
from subscriptions.payments.received import Paid, Received

if TYPE_CHECKING:
    from stripe import params as p

# Stripe's reasons that staff can choose (https://docs.stripe.com/api/refunds/create).
REASONS = {
    reason.value: str(reason.label)
    for reason in (Refund.Reason.REQUESTED, Refund.Reason.DUPLICATE, Refund.Reason.FRAUDULENT)
}


class CannotRefund(Exception):
    """There is nothing to refund, or less than was asked for; the message is for staff."""

    @classmethod
    def not_paid(cls) -> Self:
        return cls("Nothing has been paid on this, so there is nothing to refund.")

    @classmethod
    def nothing_left(cls, received: Received) -> Self:
        if received.outside:
            return cls(
                f"{received.outside_display} was paid outside Stripe, so it can't be refunded here. "
                "There is nothing left to refund at Stripe."
            )
        if taken := received.taken_back_display:
            said = f"The bank has taken {taken} of it back (see Disputes)."
            if locked := received.locked_display:
                return cls(f"{said} {locked} is left, but Stripe refunds nothing of a payment that is disputed.")
            return cls(f"{said} There is nothing left to refund.")
        return cls("There is nothing left to refund.")

    @classmethod
    def bad_amount(cls, left: int, currency: str) -> Self:
        return cls(f"Enter an amount of at most {money.display(left, currency)}, which is what is left to refund.")

    @classmethod
    def partly(cls, done: Sequence[Refund], why: StripeFailure) -> Self:
        so_far = f"Only {in_words(done)} was refunded."
        if why.may_be_done:
            so_far = f"{in_words(done)} was refunded, and it is not known whether the rest was."
        return cls(f"{so_far} Send the form again to refund the rest. ({why.for_staff})")

    @classmethod
    def not_readable(cls, invoice_id: str, reason: str) -> Self:
        return cls(f"Look at invoice {invoice_id} in Stripe's dashboard: it may still have to be refunded. ({reason})")


@dataclass(frozen=True)
class EarlierRequest:
    """A refund that was sent before and whose answer was lost; `made` is what Stripe shows of it."""

    kept: KeptRequest
    made: list[Refund]

    def __str__(self) -> str:
        if self.made:
            made = in_words(self.made)
            return f"A refund whose answer was lost has been made: {made}. Sent again, it is not made twice."
        return "A refund was sent before, and Stripe does not show it: it was not made."


def refund_payment(*, payment: Payment, amount: int, reason: str, request_id: str) -> list[Refund]:
    """Refund a one-time purchase, in full or in part; a refund in full ends it.

    `amount` in the currency's minor unit. Raises CannotRefund, StripeUnavailable, StripeRefused.
    """
    return _refund(received.for_purchase(payment), amount=amount, reason=reason, request_id=request_id)


def refund_invoice(*, invoice: Invoice, amount: int, reason: str, request_id: str) -> list[Refund]:
    """Refund an invoice, in full or in part, the newest of its payments first; its subscription continues.

    Raises CannotRefund, StripeUnavailable, StripeRefused.
    """
    return _refund(received.for_invoice(invoice), amount=amount, reason=reason, request_id=request_id)


def refund_payment_in_full(*, payment: Payment, reason: str = "duplicate") -> list[Refund]:
    """Refund the rest of a one-time purchase; no refund if nothing is left."""
    return _refund_rest(received.for_purchase(payment), reason=reason, request_id=f"whole-{payment.pk}")


def refund_invoice_in_full(*, invoice: Invoice) -> list[Refund]:
    """Refund the rest of what was paid on an invoice; no refund if nothing is left."""
    return _refund_rest(received.for_invoice(invoice), reason="duplicate", request_id=f"whole-{invoice.pk}")


def earlier_requests(paid: Received) -> list[EarlierRequest]:
    """Return the refunds of these payments whose answer was lost, and mirror what became of them at Stripe.

    One call for each payment if there are any. Raises StripeUnavailable, StripeRefused.
    """
    kept = kept_requests.about(*(one.payment_intent_id for one in paid.payments))
    if not kept:
        return []
    _read(paid)
    return [
        EarlierRequest(row, list(Refund.objects.filter(request_id=row.request_id, status__in=Refund.STANDING)))
        for row in kept
    ]


def in_words(refunds: Sequence[Refund]) -> str:
    """Return the amount of refunds: "$9.00", "$9.00 ($5.00 and $4.00, of 2 payments)"."""
    if not refunds:
        return "nothing"
    total = money.display(sum(refund.amount for refund in refunds), refunds[0].currency)
    if len(refunds) == 1:
        return total
    return f"{total} ({' and '.join(refund.amount_display for refund in refunds)}, of {len(refunds)} payments)"


def refund_changed(events: Sequence[Event]) -> Mirrored[Refund]:
    """Write a refund to the mirror, link it to its customer, and end a purchase that is refunded in full."""
    result = engine.apply_events(kinds.REFUND, events)
    if result.row is not None:
        _link_and_settle(result.row)
    return result


def compare_page(page: Page, *, since: datetime | None) -> PageResult[Refund]:
    """Write a page of Stripe's list of refunds to the mirror, and link and settle those that are new or changed.

    Equal ones that were written after `since` (None: at any time) are settled again.
    """
    result = apply_page(kinds.REFUND, page.snapshots())
    settle_page(kinds.REFUND, result, again=partial(_perhaps_not_settled, since=since), settle=_link_and_settle)
    return result


def _perhaps_not_settled(pks: list[str], *, since: datetime | None) -> "QuerySet[Refund]":
    """Return those of these refunds that were written lately, or whose purchase came after them."""
    has_payment = Exists(Payment.objects.filter(payment_intent_id=OuterRef("payment_intent_id")))
    refunds = Refund.objects.filter(pk__in=pks).exclude(payment_intent_id="")
    return refunds.filter(Q(known_until__gte=since) | Q(has_payment, customer=None)) if since else refunds


def _refund_rest(paid: Received, *, reason: str, request_id: str) -> list[Refund]:
    intents = [one.payment_intent_id for one in paid.payments]
    with open_request("refund_rest", [request_id, intents], request_id=request_id, about=_about(paid)) as opened:
        if opened.is_repeat:
            _read(paid)
        # What an earlier try has refunded is found, and counts as refunded by this one.
        besides = opened.request_id if opened.is_repeat else ""
        left = [(one, one.left(besides=besides)) for one in paid.payments]
        return _send([(one, amount) for one, amount in left if amount], reason=reason, opened=opened)


def _refund(paid: Received, *, amount: int, reason: str, request_id: str) -> list[Refund]:
    if not paid.amount:
        raise CannotRefund.not_paid()
    if not paid.payments:
        raise CannotRefund.nothing_left(paid)
    intents = [one.payment_intent_id for one in paid.payments]
    params = {"amount": amount, "reason": reason}
    with open_request("refund", [intents, amount], request_id=request_id, about=_about(paid), params=params) as opened:
        if opened.is_repeat:
            _read(paid)
        parts = paid.split(amount, request_id=opened.request_id)
        if amount < 1 or sum(part for _, part in parts) != amount:
            left = paid.left
            raise CannotRefund.bad_amount(left, paid.currency) if left else CannotRefund.nothing_left(paid)
        return _send(parts, reason=opened.params["reason"], opened=opened)


def _about(paid: Received) -> str:
    return paid.payments[0].payment_intent_id if paid.payments else ""


def _read(paid: Received) -> None:
    """Mirror all refunds of these payments as they are at Stripe."""
    for one in paid.payments:
        for page in gateway.refunds_of_payment(one.payment_intent_id):
            for snapshot in page.snapshots():
                refund = engine.apply_snapshot(kinds.REFUND, snapshot).row
                if refund is not None:
                    _link_and_settle(refund)


def _send(parts: Sequence[tuple[Paid, int]], *, reason: str, opened: OpenRequest) -> list[Refund]:
    done: list[Refund] = []
    for paid, part in parts:
        try:
            with gateway.noting_writes():
                done.append(_refund_part(paid, amount=part, reason=reason, opened=opened))
        except StripeFailure as error:
            if done:
                raise CannotRefund.partly(done, error) from error
            raise
    return done


def _refund_part(paid: Paid, *, amount: int, reason: str, opened: OpenRequest) -> Refund:
    intent = paid.payment_intent_id
    params: p.RefundCreateParams = {"payment_intent": intent, "amount": amount}
    if reason in REASONS:
        params["reason"] = reason
    creation = Creation(
        send=lambda marked, key: gateway.create_refund(marked, key=key),
        key=lambda request: idempotency.key("refund", request, intent, amount),
        listed=lambda: gateway.refunds_of_payment(intent),
        is_usable=lambda found: found["status"] in Refund.STANDING,
        mark=mapping.REFUND_REQUEST,
    )
    refund = engine.apply_snapshot(kinds.REFUND, opened.create(creation, params)).row
    assert refund is not None, "the mirror stores every refund"  # noqa: S101
    _link_and_settle(refund)
    return refund


def _link_and_settle(refund: Refund) -> None:
    if not refund.payment_intent_id:
        # A refund of a charge without a payment intent: no purchase here has such a charge.
        return
    payment = Payment.objects.filter(payment_intent_id=refund.payment_intent_id).first()
    if payment is not None:
        refund_links.settle(payment, refund)
    elif refund.invoice_id is None:
        _link_to_invoice(refund)


def _link_to_invoice(refund: Refund) -> None:
    """Link a refund to the invoice that its payment paid; Stripe's refund does not contain the invoice's id."""
    page = gateway.invoice_payments_of(refund.payment_intent_id)
    for invoice_payment in page.objects:
        invoice_id = engine.id_of(invoice_payment["invoice"])
        invoice = Invoice.objects.filter(pk=invoice_id).first()
        Refund.objects.filter(pk=refund.pk).update(
            invoice_id=invoice_id, customer_id=invoice.customer_id if invoice else None
        )

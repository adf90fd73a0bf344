"""Disputes: link each to what was paid, and end the access that was paid with money that went back.

Access comes back when the dispute is won, or when a later invoice of the subscription is paid. DISPUTED_ACCESS=keep
lets it go on: the hold is stored all the same, and read where access is decided.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway import Page
from billing.gateway.snapshots import Event
from billing.mirror import engine
from billing.mirror.engine import Mirrored
from billing.mirror.pages import PageResult, apply_page, settle_page
from subscriptions.mirror import kinds
from subscriptions.models import Customer, Dispute, DisputeHold, Invoice, Payment, Subscription


def dispute_changed(events: Sequence[Event]) -> Mirrored[Dispute]:
    """Write a dispute to the mirror, link it to what was paid, and end or restore that access."""
    result = engine.apply_events(kinds.DISPUTE, events)
    if result.row is not None:
        link_and_settle(result.row)
    return result


def compare_page(page: Page, *, since: datetime | None) -> PageResult[Dispute]:
    """Write a page of Stripe's list of disputes to the mirror, and link and settle those that are new or changed.

    Equal ones that were written after `since` (None: at any time) are settled again.
    """

    def again(pks: list[str]) -> Iterable[Dispute]:
        equal = Dispute.objects.filter(pk__in=pks)
        return equal.filter(known_until__gte=since) if since else equal

    result = apply_page(kinds.DISPUTE, page.snapshots())
    settle_page(kinds.DISPUTE, result, again=again, settle=link_and_settle)
    return result


def link_and_settle(dispute: Dispute) -> None:
    """Link a dispute to its customer and to the invoice that was paid, and end or restore the access."""
    if not dispute.payment_intent_id:
        # A charge without a payment intent: nothing here was paid so.
        return
    payment = Payment.objects.filter(payment_intent_id=dispute.payment_intent_id).first()
    if payment is not None:
        _link(dispute, customer_id=payment.customer_id)
        settle_payment(dispute.payment_intent_id)
        return
    if dispute.customer_id is None and dispute.invoice_id is None:
        _link_to_invoice(dispute)
    if dispute.invoice_id:
        settle_invoice(dispute.invoice_id)
    if dispute.subscription_id:
        settle_subscription(dispute.subscription_id)


def settle_payment(payment_intent_id: str) -> None:
    """End or restore the access of a one-time purchase, as the disputes about it say."""
    hold = _hold_of(Dispute.objects.taking_access().filter(payment_intent_id=payment_intent_id))
    Payment.objects.filter(payment_intent_id=payment_intent_id).exclude(dispute_hold=hold).update(dispute_hold=hold)


def settle_invoice(invoice_id: str) -> None:
    """Store on an invoice whether its bank asks the payment back, or has taken it."""
    hold = _hold_of(Dispute.objects.taking_access().filter(invoice=invoice_id))
    Invoice.objects.filter(pk=invoice_id).exclude(dispute_hold=hold).update(dispute_hold=hold)


def settle_subscription(subscription_id: str) -> None:
    """End or restore the access of a subscription, as the disputes about its invoices say."""
    disputes = Dispute.objects.taking_access().filter(subscription=subscription_id)
    hold = _hold_of([dispute for dispute in disputes if not _was_paid_since(dispute)])
    Subscription.objects.filter(pk=subscription_id).exclude(dispute_hold=hold).update(dispute_hold=hold)


def invoice_paid(invoice: Invoice) -> None:
    """Restore the access of a subscription whose later invoice is paid."""
    if invoice.status != Invoice.Status.PAID or invoice.subscription_id is None:
        return
    if Subscription.objects.filter(pk=invoice.subscription_id).exclude(dispute_hold="").exists():
        settle_subscription(invoice.subscription_id)


def _hold_of(disputes: Iterable[Dispute]) -> str:
    """Return the hold of these disputes together: while one is undecided, the money may still come back."""
    holds = {dispute.hold for dispute in disputes}
    return next((hold for hold in (DisputeHold.OPEN, DisputeHold.LOST) if hold in holds), "")


def _was_paid_since(dispute: Dispute) -> bool:
    """Whether an invoice that came after the dispute was paid."""
    paid = Invoice.objects.filter(subscription=dispute.subscription_id, status=Invoice.Status.PAID, amount_paid__gt=0)
    return paid.filter(stripe_created_at__gt=dispute.stripe_created_at).exists()


def _link_to_invoice(dispute: Dispute) -> None:
    """Link a dispute to the invoice that its payment paid, else to the customer who paid."""
    for paid in gateway.invoice_payments_of(dispute.payment_intent_id).objects:
        invoice_id = engine.id_of(paid["invoice"])
        if invoice_id is None:
            continue
        invoice = engine.find(kinds.INVOICE, invoice_id) or _fetched(invoice_id)
        if invoice is not None:
            links = {"customer_id": invoice.customer_id, "subscription_id": invoice.subscription_id}
            _link(dispute, invoice_id=invoice.pk, **links)
            return
    intent = gateway.retrieve_payment_intent(dispute.payment_intent_id).object
    customer_id = engine.id_of(intent.get("customer"))
    # Not one who was erased here.
    if customer_id and Customer.objects.filter(pk=customer_id).exists():
        _link(dispute, customer_id=customer_id)


def _fetched(invoice_id: str) -> Invoice | None:
    try:
        return engine.apply_answer(kinds.INVOICE, invoice_id, partial(gateway.retrieve_invoice, invoice_id)).row
    except StripeMissing:
        return None


def _link(dispute: Dispute, **links: str | None) -> None:
    if any(getattr(dispute, name) != value for name, value in links.items()):
        Dispute.objects.filter(pk=dispute.pk).update(**links)
        for name, value in links.items():
            setattr(dispute, name, value)

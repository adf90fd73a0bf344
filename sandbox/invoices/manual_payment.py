"""Invoices that are finalized or paid on request, in contrast to the automatic attempts in rules.py."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import pauses, pending_updates, rules, subscription_state
from sandbox.invoices.payments import rules as invoice_payments
from sandbox.invoices.sending import due
from sandbox.payments import rules as payments
from sandbox.payments.cards import Decline

PAYABLE = {"open", "uncollectible"}


def pay(account: Account, invoice: Object, method: Object | None, *, on_session: bool) -> Decline | None:
    """Try to pay the invoice now; on success its subscription is activated. Automatic retries stay scheduled."""
    decline = rules.collect(account, invoice, method, on_session=on_session, is_automatic=False)
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription and decline is None:
        pauses.after_payment(account, subscription, invoice)
        pending_updates.apply(account, subscription, invoice)
    elif subscription:
        pauses.after_decline(account, subscription, invoice)
    return decline


def pay_on_page(account: Account, invoice: Object, method: Object) -> Decline | None:
    """Pay with a card that the customer typed; it becomes their subscription's default payment method."""
    decline = pay(account, invoice, method, on_session=True)
    if decline is None:
        payments.attach(account, method, invoice["customer"])
        if subscription := subscription_state.of_invoice(account, invoice):
            changes = {"default_payment_method": method["id"]}
            subscription_state.save(account, subscription, changes, event=subscription_state.UPDATED)
    return decline


def finalize(account: Account, invoice: Object) -> None:
    """Finalize a draft on request; one with no amount due is paid, one that advances is collected in an hour."""
    rules.finalize(account, invoice)
    if not invoice["amount_remaining"]:
        rules.mark_paid(account, invoice)
        resume_or_activate(account, invoice)
    elif invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        account.change(invoice, {"next_payment_attempt": account.now + due.HOUR}, event="invoice.updated")
        due.set_due(account, invoice)


def collect(account: Account, invoice: Object) -> None:
    """Make an automatic attempt to collect an invoice that is for no subscription."""
    rules.collect(account, invoice, rules.default_method(account, invoice), on_session=False)


def mark_paid_out_of_band(account: Account, invoice: Object) -> None:
    """Mark the invoice as paid outside Stripe, and cancel its payment intent."""
    invoice_payments.save_received(account, invoice, invoice["amount_remaining"])
    rules.finish(account, invoice, by_payment=False)
    resume_or_activate(account, invoice)


def mark_uncollectible(account: Account, invoice: Object) -> None:
    """Mark the invoice as uncollectible; a subscription that it keeps paused resumes.

    Other subscriptions do not change; Stripe's documentation does not say whether they would.
    """
    rules.mark_uncollectible(account, invoice)
    if subscription := subscription_state.of_invoice(account, invoice):
        pauses.after_write_off(account, subscription, invoice)


def void(account: Account, invoice: Object) -> None:
    """Void the invoice; a subscription that it would have resumed stays paused."""
    rules.void(account, invoice)
    if subscription := subscription_state.of_invoice(account, invoice):
        pauses.after_void(account, subscription, invoice)
        pending_updates.after_void(account, subscription, invoice)


def finish_without_payment(account: Account, invoice: Object) -> None:
    """Mark an open invoice as paid of which a credit note left nothing to pay."""
    invoice_payments.save_received(account, invoice, 0)
    rules.finish(account, invoice, by_payment=False)
    resume_or_activate(account, invoice)


def attach_intent(account: Account, invoice: Object, intent: Object) -> None:
    """Add a payment intent to the invoice's payments; if it has succeeded, it counts at once."""
    asked = {"payment_intent": intent["id"], "type": "payment_intent"}
    payment = invoice_payments.attach(account, invoice, asked, amount=intent["amount"])
    if intent["status"] == "succeeded":
        receive(account, invoice, payment, intent["amount_received"])


def receive(account: Account, invoice: Object, payment: Object, amount: int) -> None:
    """Count one of several payments of an open invoice; the last one makes it paid."""
    invoice_payments.mark_paid(account, payment, amount)
    invoice_payments.save_received(account, invoice, amount)
    if invoice["status"] == "paid":
        rules.finish(account, invoice)
        resume_or_activate(account, invoice)
    else:
        invoice_payments.ask_for_rest(account, invoice)


def resume_or_activate(account: Account, invoice: Object) -> None:
    """Resume or activate the subscription of an invoice that is paid now."""
    if subscription := subscription_state.of_invoice(account, invoice):
        pauses.after_payment(account, subscription, invoice)
        pending_updates.apply(account, subscription, invoice)

"""Invoices whose payment ended without them: a debit or voucher days later, or an intent that the API confirmed."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import manual_payment, rules, subscription_state
from sandbox.payments.cards import Decline


def follow(account: Account, intent: Object, decline: Decline | None) -> None:
    """Mark the intent's open invoice as paid, processing or failed, with its subscription.

    One of several payments, which was attached to the invoice, only counts once it has succeeded.
    """
    found = next(account.store.scan("invoice_payment", index=("payment_intent", intent["id"])), None)
    invoice = account.find("invoice", found["invoice"]) if found else None
    if invoice is None or invoice["status"] not in manual_payment.PAYABLE:
        return
    if found and not found["is_default"]:
        if intent["status"] == "succeeded":
            manual_payment.receive(account, invoice, found, intent["amount_received"])
    elif decline is not None:
        _fail(account, invoice)
    elif intent["status"] == "succeeded":
        rules.mark_paid(account, invoice, attempted=not invoice["attempted"])
        manual_payment.resume_or_activate(account, invoice)
    else:
        rules.mark_processing(account, invoice)


def _fail(account: Account, invoice: Object) -> None:
    rules.mark_failed(account, invoice, is_automatic=False)
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription is None:
        return
    if subscription["status"] == "active" and subscription["latest_invoice"] == invoice["id"]:
        subscription_state.save(account, subscription, {"status": "past_due"}, event=subscription_state.UPDATED)
    else:
        subscription_state.set_due(account, subscription)

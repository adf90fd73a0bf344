"""The effect on a subscription of a bank debit that fails days later: Stripe does not try again, to avoid bank fees.

https://docs.stripe.com/billing/invoices/paying
"""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.payments import method_types
from sandbox.payments.cards import Decline
from sandbox.subscriptions import renewals

COLLECTED = ("active", "past_due")


def follow(account: Account, intent: Object, decline: Decline | None) -> None:
    """Treat a failed debit for a renewal as the last attempt to collect it."""
    failed = (intent.get("last_payment_error") or {}).get("payment_method") or {}
    if decline is None or failed.get("type") not in method_types.DEBITS:
        return
    payment = next(account.store.scan("invoice_payment", index=("payment_intent", intent["id"])), None)
    invoice = account.get("invoice", payment["invoice"]) if payment else None
    if invoice is None or invoice["status"] != "open" or invoice["collection_method"] == "send_invoice":
        return
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription and subscription["status"] in COLLECTED and invoice["next_payment_attempt"] is None:
        renewals.give_up(account, subscription, invoice)

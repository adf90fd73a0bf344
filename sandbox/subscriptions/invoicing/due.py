"""Make the next change of an invoice that is due: finalize a draft, try to collect it again, or pass its due date."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import manual_payment, rules, subscription_state
from sandbox.invoices.sending import rules as sending
from sandbox.subscriptions import renewals


def advance(account: Account, invoice: Object) -> None:
    """Make one change that is due now. Call again while the invoice is still due."""
    next_attempt = invoice["next_payment_attempt"]
    if invoice["status"] == "draft":
        _finalize(account, invoice)
    elif next_attempt is not None and next_attempt <= account.now:
        _retry(account, invoice)
    else:
        sending.pass_due_dates(account, invoice)


def _finalize(account: Account, invoice: Object) -> None:
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription:
        renewals.finalize(account, subscription, invoice)
        return
    rules.finalize(account, invoice)
    if invoice["collection_method"] == "send_invoice" and invoice["amount_remaining"]:
        sending.send(account, invoice)
    else:
        manual_payment.collect(account, invoice)


def _retry(account: Account, invoice: Object) -> None:
    if subscription := subscription_state.of_invoice(account, invoice):
        renewals.collect(account, subscription, invoice)
    else:
        manual_payment.collect(account, invoice)

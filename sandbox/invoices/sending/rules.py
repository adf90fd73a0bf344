"""Send invoices to customers, and what happens around their due dates."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.invoices.sending import due


def send(account: Account, invoice: Object) -> None:
    """Send a finalized invoice by e-mail, of which only the event remains."""
    account.emit("invoice.sent", invoice)


def pass_due_dates(account: Account, invoice: Object) -> None:
    """Record that an open invoice will soon be due, or that it is overdue, whichever time has come."""
    overdue_at, reminder_at = due.overdue_time(invoice), due.reminder_time(account, invoice)
    if overdue_at is not None and overdue_at <= account.now:
        _become_overdue(account, invoice)
    elif reminder_at is not None and reminder_at <= account.now:
        account.change(invoice, {"_is_reminded": True})
        account.emit("invoice.will_be_due", invoice)
    due.set_due(account, invoice)


def _become_overdue(account: Account, invoice: Object) -> None:
    """Make the customer delinquent and, if it is the latest invoice of an active subscription, that past due."""
    account.change(invoice, {"_is_overdue": True, "_is_reminded": True})
    customer = account.find("customer", invoice["customer"])
    account.change(customer, {"delinquent": True}, event="customer.updated")
    account.emit("invoice.overdue", invoice)
    subscription = subscription_state.of_invoice(account, invoice)
    if subscription and subscription["status"] == "active" and subscription["latest_invoice"] == invoice["id"]:
        subscription_state.save(account, subscription, {"status": "past_due"}, event=subscription_state.UPDATED)

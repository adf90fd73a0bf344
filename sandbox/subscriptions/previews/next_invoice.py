"""The invoice that would come next: time is let pass in a dry run until there is one."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.subscriptions import due_next


def next_invoice(account: Account, subscription: Object, *, known: str | None) -> Object | None:
    """Return the first invoice after the `known` latest one, as it was drafted; None when none will ever come.

    Only for a dry run: whatever the subscription waits for happens. Payments that fail meanwhile are left alone, so
    that the next invoice of a subscription in dunning is that of its next period.
    """
    while subscription["latest_invoice"] == known:
        moment = subscription_state.next_due_time(subscription, now=account.now)
        if moment is None or subscription["status"] == "incomplete":
            return None
        account.now = max(moment, account.now)
        due_next.advance(account, subscription)
    return as_drafted(account, subscription["latest_invoice"])


def as_drafted(account: Account, invoice_id: str) -> Object:
    """Return the invoice the way the event of its creation shows it."""
    told = account.store.scan("event", index=("type", "invoice.created"))
    return next(event["data"]["object"] for event in told if event["data"]["object"]["id"] == invoice_id)

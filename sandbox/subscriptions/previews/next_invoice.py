"""Find the next invoice of a subscription by moving the clock forward in a dry run until it is created."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.subscriptions import due_next


def next_invoice(account: Account, subscription: Object, *, latest_before: str | None) -> Object | None:
    """Return the draft of the first invoice created after `latest_before`, or None if there will be none.

    Call it only in a dry run: it moves the clock and advances the subscription. Failed payments are not retried, so
    the next invoice of a past due subscription is the one for its next period.
    """
    while subscription["latest_invoice"] == latest_before:
        moment = subscription_state.next_due_time(subscription, now=account.now)
        if moment is None or subscription["status"] == "incomplete":
            return None
        account.now = max(moment, account.now)
        due_next.advance(account, subscription)
    return as_drafted(account, subscription["latest_invoice"])


def as_drafted(account: Account, invoice_id: str) -> Object:
    """Return the invoice as its `invoice.created` event contains it, with all its lines: an event shows ten."""
    events = account.store.scan("event", index=("type", "invoice.created"))
    drafted = next(event["data"]["object"] for event in events if event["data"]["object"]["id"] == invoice_id)
    return {**drafted, "lines": account.find("invoice", invoice_id)["lines"]}

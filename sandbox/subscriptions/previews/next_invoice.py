"""Find the next invoice of a subscription by moving the clock forward in a dry run until it is created."""

from sandbox.core.account import Account, Rehearsal
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.invoices import subscription_state
from sandbox.subscriptions import due_next

DRAFTED = "invoice.created"


def next_invoice(
    account: Account, rehearsal: Rehearsal, subscription: Object, *, latest_before: str | None
) -> Object | None:
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
    return as_drafted(rehearsal, subscription["latest_invoice"])


def as_drafted(rehearsal: Rehearsal, invoice_id: str | None = None) -> Object | None:
    """Return the invoice, or the only one, as its `invoice.created` event contains it, but with all its lines."""
    drafts = rehearsal.states(DRAFTED)
    drafted = drafts.get(invoice_id) if invoice_id else next(iter(drafts.values()), None)
    return None if drafted is None else {**public(drafted), "lines": drafted["lines"]}

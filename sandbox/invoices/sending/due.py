"""The time at which an invoice next changes without a request."""

from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object

# How long an invoice of a renewal stays a draft, and when customers are reminded: settings of the account.
DRAFT_SECONDS = "invoice_draft_seconds"
REMINDER_DAYS = "invoice_will_be_due_days"
DEFAULT_REMINDER_DAYS = 3
HOUR = 3600


def draft_seconds(account: Account) -> int:
    """Return how long an invoice of a renewal stays a draft, by default not at all."""
    seconds: int = account.store.setting(DRAFT_SECONDS, 0)
    return seconds


def reminder_days(account: Account) -> int:
    """Return how many days before its due date `invoice.will_be_due` is recorded."""
    days: int = account.store.setting(REMINDER_DAYS, DEFAULT_REMINDER_DAYS)
    return days


def set_due(account: Account, invoice: Object) -> None:
    """Save the time when the invoice is next due, not before now; clear it if there is none."""
    time = next_time(account, invoice)
    if time is None:
        account.store.clear_due("invoice", invoice["id"])
    else:
        account.store.set_due("invoice", invoice["id"], max(time, account.now))


def next_time(account: Account, invoice: Object) -> int | None:
    """Return when the invoice is finalized, tried again, or due; None if nothing is to happen."""
    if invoice["status"] == "draft":
        time: int | None = invoice["automatically_finalizes_at"] if invoice["auto_advance"] else None
        return time
    if invoice["status"] != "open":
        return None
    times = [invoice["next_payment_attempt"], reminder_time(account, invoice), overdue_time(invoice)]
    return min((time for time in times if time is not None), default=None)


def reminder_time(account: Account, invoice: Object) -> int | None:
    """Return when `invoice.will_be_due` is to be recorded; None if it has been, or there is no due date."""
    if invoice["due_date"] is None or invoice.get("_is_reminded"):
        return None
    return int(invoice["due_date"]) - reminder_days(account) * DAY


def overdue_time(invoice: Object) -> int | None:
    """Return when the invoice is overdue; None if it already is, or has no due date."""
    return None if invoice["due_date"] is None or invoice.get("_is_overdue") else int(invoice["due_date"])

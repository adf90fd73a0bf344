"""The state of a subscription that invoices need: its status, payment method, and the time when it is next due.

It is here because `invoices` can't import `subscriptions`.
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object

UPDATED = "customer.subscription.updated"
ENDED = {"canceled", "incomplete_expired"}
NOTICE_BEFORE_TRIAL_END = 3 * DAY
TIME_TO_PAY_FIRST_INVOICE = 23 * 3600
UPCOMING_DAYS = "invoice_upcoming_days"
DEFAULT_UPCOMING_DAYS = 7


def save(account: Account, subscription: Object, changes: dict[str, Any], *, event: str | None = None) -> None:
    """Save changes to the subscription and compute when it is next due."""
    account.change(subscription, changes, event=event)
    set_due(account, subscription)


def activate(account: Account, subscription: Object) -> None:
    """Make an unpaid subscription active if its latest invoice is paid; older invoices do not matter."""
    if subscription["status"] not in {"incomplete", "past_due", "unpaid"}:
        return
    if account.find("invoice", subscription["latest_invoice"])["status"] == "paid":
        save(account, subscription, {"status": "active"}, event=UPDATED)


def of_invoice(account: Account, invoice: Object) -> Object | None:
    """Return the invoice's subscription; None if it has none."""
    parent = invoice["parent"]
    return account.get("subscription", parent["subscription_details"]["subscription"]) if parent else None


def payment_method(account: Account, subscription: Object) -> Object | None:
    """Return the default payment method of the subscription, else of its customer; None if there is none attached."""
    customer = account.find("customer", subscription["customer"])
    chosen = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    method = account.get("payment_method", chosen) if chosen else None
    return method if method and method["customer"] == customer["id"] else None


def has_ended(subscription: Object) -> bool:
    return subscription["status"] in ENDED


def set_due(account: Account, subscription: Object) -> None:
    """Save the time when the subscription is next due, not before now; clear it if there is none."""
    times = (next_due_time(subscription, now=account.now), upcoming_time(account, subscription))
    time = min((each for each in times if each is not None), default=None)
    if time is None:
        account.store.clear_due("subscription", subscription["id"])
    else:
        account.store.set_due("subscription", subscription["id"], max(time, account.now))


def next_due_time(subscription: Object, *, now: int) -> int | None:
    """Return the next time at which the subscription changes without a request, None if never."""
    if subscription["status"] in ENDED:
        return None
    collection, pending = subscription["pause_collection"], subscription["pending_update"]
    planned = [
        subscription["cancel_at"],
        collection["resumes_at"] if collection else None,
        pending["expires_at"] if pending else None,
        *(subscription.get(name) for name in ("_phase_end", "_pauses_at", "_resumes_at")),
    ]
    times = [*_due_times(subscription, now=now), *(time for time in planned if time is not None)]
    return min(times, default=None)


def upcoming_days(account: Account) -> int:
    """Return how many days before a renewal `invoice.upcoming` is recorded; 0 if never."""
    days: int = account.store.setting(UPCOMING_DAYS, DEFAULT_UPCOMING_DAYS)
    return days


def upcoming_time(account: Account, subscription: Object) -> int | None:
    """Return when the next renewal is announced; None if it has been, or its period is too short for that."""
    days, end = upcoming_days(account), next_renewal(subscription)
    if not days or end is None or subscription.get("_announced") == end:
        return None
    time = end - days * DAY
    begun = min(int(item["current_period_start"]) for item in subscription["items"]["data"])
    return time if time > begun else None


def next_renewal(subscription: Object) -> int | None:
    """Return when the subscription renews or its trial ends; None if it ends before that, or is not billed."""
    if subscription["status"] not in {"active", "past_due", "trialing"}:
        return None
    end = min(int(item["current_period_end"]) for item in subscription["items"]["data"])
    cancel_at = subscription["cancel_at"]
    return None if cancel_at is not None and cancel_at <= end else end


def _due_times(subscription: Object, *, now: int) -> list[int]:
    match subscription["status"]:
        case "incomplete":
            return [subscription["created"] + TIME_TO_PAY_FIRST_INVOICE]
        case "paused":
            resumption = subscription.get("_resumption")
            return [resumption["expires_at"]] if resumption and resumption["expires_at"] else []
        case "trialing":
            notice = subscription["trial_end"] - NOTICE_BEFORE_TRIAL_END
            return [subscription["trial_end"], notice] if notice > now else [subscription["trial_end"]]
        case _:
            return [item["current_period_end"] for item in subscription["items"]["data"]]

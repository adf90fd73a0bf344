"""Pending updates: changes of a subscription that wait for the payment of their invoice.

https://docs.stripe.com/billing/subscriptions/pending-updates
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import rules, subscription_state
from sandbox.invoices.subscription_state import UPDATED

NONE: Object = {"_update": None, "pending_update": None}


def begin(account: Account, subscription: Object, invoice: Object, changes: Object, *, asked: Object) -> None:
    """Keep the changes of the subscription's members until the invoice is paid.

    `pending_update` shows some of them, and what was `asked` as it was given.
    """
    ends = [item["current_period_end"] for item in subscription["items"]["data"]]
    expires_at = min(account.now + subscription_state.TIME_TO_PAY_FIRST_INVOICE, *ends)
    shown = {
        "billing_cycle_anchor": changes.get("billing_cycle_anchor"),
        "expires_at": expires_at,
        "subscription_items": changes["items"]["data"] if "items" in changes else None,
        "trial_end": changes.get("trial_end"),
        "trial_from_plan": None,
        **asked,
    }
    waiting = {"changes": changes, "invoice": invoice["id"]}
    pending = {"_update": waiting, "latest_invoice": invoice["id"], "pending_update": shown}
    subscription_state.save(account, subscription, pending, event=UPDATED)


def apply(account: Account, subscription: Object, invoice: Object) -> None:
    """Make the change that waited for this invoice, which is paid now."""
    if not _waits_for(subscription, invoice):
        return
    changes: dict[str, Any] = {**subscription["_update"]["changes"], **NONE}
    subscription_state.save(account, subscription, changes, event=UPDATED)
    account.emit("customer.subscription.pending_update_applied", subscription)


def is_expired(account: Account, subscription: Object) -> bool:
    pending = subscription["pending_update"]
    return pending is not None and pending["expires_at"] <= account.now


def expire(account: Account, subscription: Object) -> None:
    """Drop the change, whose invoice was not paid in time, and void the invoice."""
    discard(account, subscription)
    account.emit("customer.subscription.pending_update_expired", subscription)


def discard(account: Account, subscription: Object) -> None:
    """Drop the change that waits, if there is one, and void its invoice."""
    waiting = subscription.get("_update")
    if not waiting:
        return
    subscription_state.save(account, subscription, dict(NONE), event=UPDATED)
    invoice = account.find("invoice", waiting["invoice"])
    if invoice["status"] == "open":
        rules.void(account, invoice)


def after_void(account: Account, subscription: Object, invoice: Object) -> None:
    """Drop the change that waited for this invoice, which is void now."""
    if _waits_for(subscription, invoice):
        subscription_state.save(account, subscription, dict(NONE), event=UPDATED)


def _waits_for(subscription: Object, invoice: Object) -> bool:
    waiting = subscription.get("_update")
    return bool(waiting and waiting["invoice"] == invoice["id"])

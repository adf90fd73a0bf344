"""Pending invoice items: those that wait for the next invoice."""

from sandbox.core.account import Account
from sandbox.core.store import Object


def for_subscription(account: Account, subscription: Object) -> list[Object]:
    """Return what the subscription's next invoice bills: its own items, and those of no subscription, oldest first."""
    found = _pending(account, subscription["customer"], subscription["currency"])
    return [item for item in found if subscription_of(item) in {None, subscription["id"]}]


def of_subscription(account: Account, subscription: Object) -> list[Object]:
    """Return only the subscription's own items, oldest first."""
    found = _pending(account, subscription["customer"], subscription["currency"])
    return [item for item in found if subscription_of(item) == subscription["id"]]


def for_customer(account: Account, customer_id: str, *, currency: str | None) -> list[Object]:
    """Return the customer's items that belong to no subscription, oldest first."""
    return [item for item in _pending(account, customer_id, currency) if subscription_of(item) is None]


def subscription_of(item: Object) -> str | None:
    """Return the id of the subscription that the item is for, None if for none."""
    return item["parent"]["subscription_details"]["subscription"] if item["parent"] else None


def _pending(account: Account, customer_id: str, currency: str | None) -> list[Object]:
    found = account.store.scan("invoiceitem", index=("customer", customer_id), oldest_first=True)
    return [item for item in found if item["invoice"] is None and item["currency"] == (currency or item["currency"])]

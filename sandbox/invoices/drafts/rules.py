"""Create, change and delete draft invoices by request."""

from typing import Any

from sandbox.catalog.discounts import rules as discounts
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.invoices import amounts, rules, shapes
from sandbox.invoices.drafts import request
from sandbox.invoices.items import pending
from sandbox.invoices.items import rules as items
from sandbox.invoices.sending import due

MANUAL = {"auto_advance": False, "collection_method": "charge_automatically"}


def create(account: Account, params: Params) -> Object:
    """Create a draft for a customer, or for a subscription's pending invoice items."""
    subscription = _subscription(account, params)
    customer = _customer(account, params, subscription)
    currency = _currency(params, customer, subscription)
    found = _items(account, params, customer, subscription, currency)
    blank = {**shapes.invoice(customer=customer, currency=currency, created=account.now, billing_reason="", lines=[])}
    members: dict[str, Any] = {**MANUAL, **request.members(account, params, {**blank, **MANUAL})}
    if subscription:
        members |= _of_subscription(subscription, now=account.now)
    if subscription and "discounts" not in params:
        members["discounts"] = [discount["id"] for discount in discounts.active(account, subscription)]
    invoice = rules.draft_by_request(account, customer["id"], currency, found, members)
    if params.get("discounts"):
        _save_discounts(account, invoice, params)
    return invoice


def change(account: Account, invoice: Object, params: Params) -> Object:
    """Change an invoice: a draft in everything, others only in what Stripe still lets change."""
    if invoice["status"] != "draft" and (fixed := sorted(params.keys() - request.CHANGEABLE)):
        raise ApiError.invalid(
            f"Finalized invoices can't be updated in this way: {', '.join(fixed)}.",
            param=fixed[0],
            code="invoice_not_editable",
        )
    changes = request.members(account, params, invoice)
    if "discounts" in params:
        changes["discounts"] = request.redeem(account, params, invoice)
    after = {**invoice, **changes}
    if invoice["status"] == "draft":
        amounts.compute(account, after)
    account.change(invoice, after, event="invoice.updated")
    due.set_due(account, invoice)
    return invoice


def delete(account: Account, invoice: Object) -> Object:
    """Delete a draft that is for no subscription; items that were pending before are pending again."""
    if invoice["status"] != "draft":
        raise ApiError.invalid(
            f"You can only delete draft invoices. This invoice's status is `{invoice['status']}`.",
            code="invoice_not_editable",
        )
    if invoice["parent"] and invoice["billing_reason"] != "manual":
        raise ApiError.invalid("Invoices of subscriptions can't be deleted; void the invoice instead.")
    for item in list(account.store.scan("invoiceitem", index=("invoice", invoice["id"]))):
        if item.get("_was_pending", True):
            account.change(item, {"invoice": None})
        else:
            account.remove(item, event="invoiceitem.deleted")
    return account.remove(invoice, event="invoice.deleted")


def _save_discounts(account: Account, invoice: Object, params: Params) -> None:
    after = {**invoice, "discounts": request.redeem(account, params, invoice)}
    amounts.compute(account, after)
    account.change(invoice, after, event="invoice.updated")


def _subscription(account: Account, params: Params) -> Object | None:
    if "subscription" not in params:
        return None
    return account.find("subscription", params["subscription"], param="subscription")


def _customer(account: Account, params: Params, subscription: Object | None) -> Object:
    customer_id = params.get("customer") or (subscription["customer"] if subscription else None)
    if customer_id is None:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", customer_id, param="customer")
    if subscription and subscription["customer"] != customer["id"]:
        raise ApiError.missing("subscription", subscription["id"], param="subscription", status=400)
    return customer


def _currency(params: Params, customer: Object, subscription: Object | None) -> str:
    if "currency" in params:
        return limits.currency(params["currency"])
    return str(subscription["currency"] if subscription else customer["currency"] or items.DEFAULT_CURRENCY)


def _items(
    account: Account, params: Params, customer: Object, subscription: Object | None, currency: str
) -> list[Object]:
    behavior = params.get("pending_invoice_items_behavior", "include" if subscription else "exclude")
    if behavior == "exclude":
        return []
    if subscription:
        return pending.of_subscription(account, subscription)
    found = pending.for_customer(account, customer["id"], currency=currency)
    if not found:
        raise ApiError.invalid("Nothing to invoice for customer", code="invoice_no_customer_line_items")
    return found


def _of_subscription(subscription: Object, *, now: int) -> dict[str, Any]:
    return {
        "parent": shapes.parent(subscription),
        "period_end": now,
        "period_start": rules.period_start(subscription),
    }

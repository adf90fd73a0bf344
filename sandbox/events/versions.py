"""Older API versions of events: the members of an object as Stripe named them before.

Covered are subscriptions, invoices, discounts, promotion codes and checkout sessions, with the differences that
matter to most receivers; prices and products have not changed. A version is compared by its date.
"""

from collections.abc import Callable
from typing import Any

from sandbox.core.account import API_VERSION, Account
from sandbox.core.store import Object
from sandbox.http.versions import released

PERIOD = ("current_period_start", "current_period_end")
DAHLIA, CLOVER, BASIL = "2026-03-25", "2025-09-30", "2025-03-31"
ENDIVE = "2026-09-30"
UI_MODES = {"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom"}


def rendered(account: Account, content: Object, version: str) -> Object:
    """Return an event's `data` of the current API version as an older version shows it."""
    if not released.is_before(version, API_VERSION):
        return content
    obj = content["object"]
    changes = [
        change for before, kind, change in CHANGES if released.is_before(version, before) and kind == obj["object"]
    ]
    for change in changes:
        obj = change(account, obj)
    shown = {**content, "object": obj}
    if "previous_attributes" in content and obj["object"] == "subscription" and released.is_before(version, BASIL):
        shown["previous_attributes"] = _previous_periods(content["previous_attributes"])
    return shown


def _without(*names: str) -> Callable[[Account, Object], Object]:
    return lambda _account, obj: {name: value for name, value in obj.items() if name not in names}


def _subscription_with_periods(_account: Account, subscription: Object) -> Object:
    listed = subscription["items"]
    first = listed["data"][0] if listed["data"] else {}
    items = [{name: value for name, value in item.items() if name not in PERIOD} for item in listed["data"]]
    periods = {name: first[name] for name in PERIOD if name in first}
    discounts = subscription.get("discounts") or [None]
    older = {"items": {**listed, "data": items}, "discount": discounts[0], "quantity": first.get("quantity")}
    return {**subscription, **periods, **older}


def _previous_periods(previous: Object) -> Object:
    """Move the former periods of the first item to the subscription, as in `rendered`."""
    items: list[Any] = (previous.get("items") or {}).get("data") or []
    periods = {name: items[0][name] for name in PERIOD if items and name in items[0]}
    return {**previous, **periods}


def _flat_invoice(account: Account, invoice: Object) -> Object:
    """Return the invoice with its subscription and payment as members of their own."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    payment = next(account.store.scan("invoice_payment", index=("invoice", invoice["id"])), None)
    intent_id = payment["payment"].get("payment_intent") if payment else None
    intent = account.get("payment_intent", intent_id) if intent_id else None
    lines = invoice["lines"]
    flat = {
        "charge": intent["latest_charge"] if intent else None,
        "discount": next(iter(invoice.get("discounts") or []), None),
        "lines": {**lines, "data": [_flat_line(account, line) for line in lines["data"]]},
        "paid": invoice["status"] == "paid",
        "payment_intent": intent_id,
        "subscription": details.get("subscription"),
        "subscription_details": {"metadata": details.get("metadata")} if details else None,
        "tax": None,
        "total_tax_amounts": [],
    }
    return {name: value for name, value in invoice.items() if name not in {"parent", "total_taxes"}} | flat


def _flat_line(account: Account, line: Object) -> Object:
    price_id = ((line.get("pricing") or {}).get("price_details") or {}).get("price")
    parent = line.get("parent") or {}
    details = parent.get(parent.get("type"), {})
    flat = {
        "price": account.get("price", price_id) if isinstance(price_id, str) else price_id,
        "proration": details.get("proration", False),
        "subscription": details.get("subscription"),
        "subscription_item": details.get("subscription_item"),
        "type": "subscription" if parent.get("type") == "subscription_item_details" else "invoiceitem",
    }
    return {name: value for name, value in line.items() if name not in {"parent", "pricing", "taxes"}} | flat


def _with_coupon(holder: str) -> Callable[[Account, Object], Object]:
    """Return the change that puts the coupon itself in the place of its reference."""

    def change(account: Account, obj: Object) -> Object:
        coupon = obj[holder]["coupon"]
        whole = account.get("coupon", coupon) if isinstance(coupon, str) else coupon
        return {name: value for name, value in obj.items() if name != holder} | {"coupon": whole}

    return change


def _older_ui_mode(_account: Account, session: Object) -> Object:
    return {**session, "ui_mode": UI_MODES.get(session["ui_mode"], session["ui_mode"])}


# (The date of the version that brought the change, the kind of object, the way back), newest first.
CHANGES: list[tuple[str, str, Callable[[Account, Object], Object]]] = [
    (ENDIVE, "subscription", _without("status_details")),
    (ENDIVE, "subscription_schedule", _without("pause_schedules")),
    (DAHLIA, "checkout.session", _older_ui_mode),
    (CLOVER, "discount", _with_coupon("source")),
    (CLOVER, "promotion_code", _with_coupon("promotion")),
    (BASIL, "subscription", _subscription_with_periods),
    (BASIL, "invoice", _flat_invoice),
]

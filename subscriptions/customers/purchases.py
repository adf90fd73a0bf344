"""One-time purchases that our checkout did not make: by a payment link, or a session made in the dashboard.

They carry no metadata of ours. Those of a person's customers count as bought: a Payment for each product.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway.snapshots import JSON, Snapshot
from billing.mirror import engine
from billing.mirror.engine import id_of
from billing.mirror.registry import Kind
from subscriptions.customers import ownership
from subscriptions.mirror import kinds, mapping
from subscriptions.models import Payment

# The namespace of these payments' ids. A product bought in a session always gets the same id, so that a webhook and
# a sync write one row.
PURCHASE_IDS = UUID("0b9b2f0e-8f0f-4a63-9d83-5d5f2f4f6c1e")


def is_made_elsewhere(session: JSON) -> bool:
    """Whether a session is a completed one-time purchase of a person here that our checkout did not make."""
    is_purchase = session.get("mode") == "payment" and session.get("status") == "complete"
    customer_id = id_of(session.get("customer"))
    return is_purchase and mapping.claim_of(session) is None and bool(customer_id) and _has_owner(str(customer_id))


def read(session_id: str) -> None:
    """Fetch one session with its lines, and mirror what was bought."""
    _mirror(gateway.retrieve_session_lines(session_id))


def read_all(customer_id: str) -> None:
    """Mirror what was bought in all completed sessions of a customer, as they are at Stripe."""
    with suppress(StripeMissing):
        for page in gateway.completed_session_pages(customer_id=customer_id):
            for snapshot in page.snapshots():
                _mirror(snapshot)


def read_paid_with(payment_intent_id: str) -> bool:
    """Mirror what was bought with one payment, as it is at Stripe; whether a row was written."""
    pages = gateway.completed_session_pages(payment_intent_id=payment_intent_id)
    written = [_mirror(snapshot) for page in pages for snapshot in page.snapshots()]
    return any(written)


def _mirror(session: Snapshot) -> bool:
    """Write a payment for each product of a session; whether one of them was new or differed."""
    if not is_made_elsewhere(session.object):
        return False
    written = [engine.apply_snapshot(_kind_of(pk), session).was_written for pk in _lines(session.object)]
    return any(written)


def _kind_of(product_id: str) -> Kind[Payment]:
    return replace(
        kinds.BOUGHT_ELSEWHERE,
        columns=lambda obj: _columns(obj, product_id),
        primary_key=lambda obj: uuid5(PURCHASE_IDS, f"{obj['id']} {product_id}"),
    )


def _has_owner(customer_id: str) -> bool:
    return ownership.owner_of(customer_id) is not None


def _lines(session: JSON) -> dict[str, JSON]:
    """Return the lines by product; of several lines of one product, the first."""
    lines: dict[str, JSON] = {}
    for line in (session.get("line_items") or {}).get("data") or ():
        product_id = id_of((line.get("price") or {}).get("product"))
        if product_id:
            lines.setdefault(product_id, line)
    return lines


def _columns(session: JSON, product_id: str) -> dict[str, Any]:
    line, intent = _lines(session)[product_id], session.get("payment_intent")
    return {
        "payment_intent_id": id_of(intent) or "",
        "customer_id": id_of(session.get("customer")),
        "product_id": product_id,
        "price_id": line["price"]["id"],
        "quantity": line.get("quantity") or 1,
        "amount": line["amount_total"],
        "currency": session["currency"],
        # What costs nothing has no payment.
        "status": intent["status"] if intent else Payment.Status.SUCCEEDED.value,
        **(mapping.awaited_columns(intent) if intent else {}),
    }

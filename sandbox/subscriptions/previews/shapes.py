"""What Stripe shows of an invoice that does not exist yet."""

from collections.abc import Mapping

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.http.listing import embedded

UNTIL_COLLECTED = 3600


def preview(drafted: Object, *, proration_date: int | None, made: Mapping[str, str]) -> Object:
    """Return the draft as a preview: ids of its own, and the date that a change has to be sent with to cost the same.

    `made` are the invoice items that only this change would make, each with its subscription item: their lines are
    shown as that item's, because the invoice items do not exist. Those that wait already are shown as on any invoice.
    """
    preview_id = ids.with_prefix("upcoming_in")
    lines = [_line(line, preview_id, made) for line in drafted["lines"]["data"]]
    charges = drafted["collection_method"] == "charge_automatically"
    return {
        **drafted,
        "id": preview_id,
        "billing_reason": "upcoming",
        "ending_balance": drafted["starting_balance"] + drafted["total"] - drafted["amount_due"],
        "lines": embedded(lines, url=f"/v1/invoices/{preview_id}/lines"),
        "next_payment_attempt": drafted["created"] + UNTIL_COLLECTED if charges else None,
        "parent": _parent(drafted["parent"], proration_date),
        "webhooks_delivered_at": None,
    }


def _line(line: Object, preview_id: str, made: Mapping[str, str]) -> Object:
    shown = {**line, "id": ids.with_prefix("il_tmp"), "invoice": preview_id}
    details = line["parent"]["invoice_item_details"]
    if details and (subscription_item := made.get(details["invoice_item"])):
        moved = {**details, "invoice_item": None, "subscription_item": subscription_item}
        shown["parent"] = {
            "invoice_item_details": None,
            "subscription_item_details": moved,
            "type": "subscription_item_details",
        }
    return shown


def _parent(parent: Object, proration_date: int | None) -> Object:
    details = parent["subscription_details"]
    if proration_date is not None:
        details = {**details, "subscription_proration_date": proration_date}
    return {**parent, "subscription_details": details}

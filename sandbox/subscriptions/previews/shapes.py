"""The JSON of an invoice preview."""

from collections.abc import Mapping

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.invoices.shapes import lines_of

DRAFT_SECONDS = 3600


def preview(drafted: Object, *, proration_date: int | None, new_items: Mapping[str, str]) -> Object:
    """Return the draft invoice as a preview, with ids of its own.

    `proration_date` is the moment a change must be sent with to cost the same. `new_items` maps the id of each invoice
    item that only this change would create to its subscription item; the line then names no invoice item, because it
    does not exist. Lines of pending invoice items stay as on any invoice.
    """
    preview_id = ids.with_prefix("upcoming_in")
    lines = [_line(line, preview_id, new_items) for line in drafted["lines"]["data"]]
    charges = drafted["collection_method"] == "charge_automatically"
    return {
        **drafted,
        "id": preview_id,
        "billing_reason": "upcoming",
        "ending_balance": drafted["starting_balance"] + drafted["total"] - drafted["amount_due"],
        "lines": lines_of(preview_id, lines),
        "next_payment_attempt": drafted["created"] + DRAFT_SECONDS if charges else None,
        "parent": _parent(drafted["parent"], proration_date),
        "webhooks_delivered_at": None,
    }


def _line(line: Object, preview_id: str, new_items: Mapping[str, str]) -> Object:
    shown = {**line, "id": ids.with_prefix("il_tmp"), "invoice": preview_id}
    details = line["parent"]["subscription_item_details"]
    if details and details["invoice_item"] in new_items:
        shown["parent"] = {**line["parent"], "subscription_item_details": {**details, "invoice_item": None}}
    return shown


def _parent(parent: Object, proration_date: int | None) -> Object:
    details = parent["subscription_details"]
    if proration_date is not None:
        details = {**details, "subscription_proration_date": proration_date}
    return {**parent, "subscription_details": details}

"""The members of refunds."""

from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object

# The `destination_details` of a card refund until the bank's reference is known.
PENDING_REFERENCE = {
    "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
    "type": "card",
}
REFERENCE_LENGTH = 23
# How refunds of other payment methods than cards arrive.
TRANSFERS = {"boleto": "br_bank_transfer", "konbini": "jp_bank_transfer", "sepa_debit": "eu_bank_transfer"}


def refund(*, charge: Object, amount: int, created: int, members: dict[str, Any]) -> Object:
    """Return a new refund of the charge."""
    kind = charge["payment_method_details"]["type"]
    is_card, transfer = kind == "card", TRANSFERS.get(kind, "us_bank_transfer")
    return {
        "id": ids.new("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": PENDING_REFERENCE if is_card else {"type": transfer, transfer: {}},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        **members,
    }


def card_reference(refund: Object) -> Object:
    """Return the refund's `destination_details` with the bank's reference number."""
    digits = f"{int.from_bytes(refund['id'].encode()) % 10**REFERENCE_LENGTH:0{REFERENCE_LENGTH}}"
    card = {**refund["destination_details"]["card"], "reference": digits, "reference_status": "available"}
    return {**refund["destination_details"], "card": card}

"""What the customer is shown to pay a voucher: its number, its page and when it expires."""

from sandbox.core.store import Object
from sandbox.payments.cards import Decline

UNPAID = Decline(
    "payment_intent_action_required",
    "This payment requires the customer to pay a voucher.",
    type="invalid_request_error",
)
LONG, SHORT = 47, 14
STORES = ("familymart", "lawson", "ministop", "seicomart")
CONFIRMATION_LENGTH = 11
CODE_LENGTH = 6


def next_action(method: Object, intent: Object, *, expires_at: int, base_url: str) -> Object:
    """Return the `next_action` of an intent that waits for the voucher."""
    kind = method["type"]
    page = f"{base_url}/voucher/{intent['id']}"
    details: Object
    if kind == "boleto":
        number = digits(intent["id"], LONG)
        details = {"expires_at": expires_at, "hosted_voucher_url": page, "number": number, "pdf": f"{page}?format=pdf"}
    elif kind == "oxxo":
        number = digits(intent["id"], SHORT)
        details = {"expires_after": expires_at, "hosted_voucher_url": page, "number": number}
    else:
        code = {
            "confirmation_number": digits(intent["id"], CONFIRMATION_LENGTH),
            "payment_code": digits(intent["id"], CODE_LENGTH),
        }
        details = {"expires_at": expires_at, "hosted_voucher_url": page, "stores": dict.fromkeys(STORES, code)}
    name = f"{kind}_display_details"
    return {name: details, "type": name}


def digits(text: str, length: int) -> str:
    """Return a number that belongs to this text."""
    return f"{int.from_bytes(text.encode()) % 10**length:0{length}}"

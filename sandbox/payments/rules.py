"""Collecting payments: payment intents and charges, their statuses and events."""

from dataclasses import dataclass
from typing import Any

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.payments import cards, shapes
from sandbox.payments.cards import Card, Decline

APPROVED = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 20,
    "seller_message": "Payment complete.",
    "type": "authorized",
}
NEXT_ACTION = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}


@dataclass(frozen=True)
class Purpose:
    """The members of a payment intent that its creator sets."""

    amount: int
    currency: str
    customer: str | None
    metadata: dict[str, str]
    description: str | None = None
    receipt_email: str | None = None
    setup_future_usage: str | None = None


def new_card(account: Account, card: Card, *, payer: Object, expiry: tuple[int, int]) -> Object:
    """Save a card as a payment method of no customer."""
    return account.add(shapes.card_method(card, created=account.now, expiry=expiry, payer=payer))


def new_bank_account(account: Account, *, payer: Object) -> Object:
    """Save a bank account as a payment method of no customer; its first payment is delayed."""
    return account.add(shapes.bank_method(created=account.now, payer=payer))


def attach(account: Account, method: Object, customer_id: str) -> Object:
    """Attach the payment method to the customer, so that it can be charged again."""
    account.change(method, {"customer": customer_id})
    account.emit("payment_method.attached", method)
    return method


def create_intent(account: Account, purpose: Purpose, *, method_type: str = "card") -> Object:
    """Create a payment intent; nothing is charged yet."""
    intent = shapes.intent(
        amount=purpose.amount,
        currency=purpose.currency,
        customer=purpose.customer,
        created=account.now,
        method_type=method_type,
    )
    intent |= {
        "description": purpose.description,
        "metadata": purpose.metadata,
        "receipt_email": purpose.receipt_email,
        "setup_future_usage": purpose.setup_future_usage,
    }
    return account.add(intent, event="payment_intent.created")


def collect(account: Account, intent: Object, method: Object, *, on_session: bool) -> Decline | None:
    """Charge the payment method and return its decline, None if the charge succeeds.

    On session the customer has authenticated before; off session a card that needs 3-D Secure makes the intent
    `requires_action`.
    """
    card = card_of(method)
    if not on_session and card.asks_authentication(on_session=False):
        return _require_authentication(account, intent, method)
    charge = _charge(account, intent, method)
    if card.refusal is not None:
        return _fail(account, intent, charge, method, card.refusal)
    _succeed(account, intent, charge)
    return None


def collect_later(account: Account, intent: Object, method: Object) -> None:
    """Begin a delayed payment: until `settle` the charge is `pending` and the intent `processing`."""
    charge = _charge(account, intent, method)
    account.emit("charge.pending", charge)
    changes = {"latest_charge": charge["id"], "payment_method": method["id"], "status": "processing"}
    account.change(intent, changes)
    account.emit("payment_intent.processing", intent)


def settle(account: Account, intent: Object, *, succeeds: bool) -> Decline | None:
    """End a delayed payment, and return its decline, None if it succeeds."""
    charge = account.find("charge", intent["latest_charge"])
    method = account.find("payment_method", intent["payment_method"])
    if succeeds:
        _succeed(account, intent, charge)
        return None
    return _fail(account, intent, charge, method, cards.BANK_REFUSED)


def would_decline(method: Object) -> Decline | None:
    """Return the decline that an off-session charge would get, None if it would succeed; write nothing."""
    card = card_of(method)
    return cards.AUTHENTICATION_REQUIRED if card.asks_authentication(on_session=False) else card.refusal


def cancel_intent(account: Account, intent: Object, *, reason: str) -> None:
    """Cancel an unpaid payment intent."""
    account.change(intent, {"canceled_at": account.now, "cancellation_reason": reason, "status": "canceled"})
    account.emit("payment_intent.canceled", intent)


def card_of(method: Object) -> Card:
    """Return the test card of a payment method; a bank account behaves as a card that is never declined."""
    return cards.BY_NUMBER[method.get("_number", cards.ALWAYS_APPROVED)]


def _charge(account: Account, intent: Object, method: Object) -> Object:
    charge = shapes.charge(
        intent=intent, method=method, created=account.now, receipts_url=f"{account.base_url}/receipt"
    )
    return account.add(charge)


def _succeed(account: Account, intent: Object, charge: Object) -> None:
    collected = {"amount_captured": charge["amount"], "captured": True, "paid": True}
    account.change(charge, {**collected, "outcome": APPROVED, "status": "succeeded"})
    account.emit("charge.succeeded", charge)
    account.change(
        intent,
        {
            "amount_received": intent["amount"],
            "last_payment_error": None,
            "latest_charge": charge["id"],
            "next_action": None,
            "payment_method": charge["payment_method"],
            "status": "succeeded",
        },
    )
    account.emit("payment_intent.succeeded", intent)


def _fail(account: Account, intent: Object, charge: Object, method: Object, decline: Decline) -> Decline:
    failure = {"failure_code": decline.code, "failure_message": decline.message, "status": "failed"}
    account.change(charge, {**failure, "outcome": _declined_outcome(decline)})
    account.emit("charge.failed", charge)
    account.change(
        intent,
        {
            "last_payment_error": _payment_error(decline, method, charge=charge["id"]),
            "latest_charge": charge["id"],
            "next_action": None,
            "payment_method": None,
            "status": "requires_payment_method",
        },
    )
    account.emit("payment_intent.payment_failed", intent)
    return decline


def _require_authentication(account: Account, intent: Object, method: Object) -> Decline:
    changes = {
        "last_payment_error": _payment_error(cards.AUTHENTICATION_REQUIRED, method),
        "next_action": NEXT_ACTION,
        "payment_method": method["id"],
        "status": "requires_action",
    }
    account.change(intent, changes)
    account.emit("payment_intent.requires_action", intent)
    return cards.AUTHENTICATION_REQUIRED


def _payment_error(decline: Decline, method: Object, **extra: Any) -> Object:
    """Return an intent's `last_payment_error`: the decline's error, with the payment method."""
    error: Object = decline.error(**extra).body()["error"]
    return {**error, "payment_method": public(method)}


def _declined_outcome(decline: Decline) -> Object:
    return {
        **APPROVED,
        "network_status": "declined_by_network",
        "reason": decline.decline_code or decline.code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }

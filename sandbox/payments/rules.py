"""Collecting payments: payment intents and charges, their statuses and events."""

from dataclasses import asdict, dataclass
from typing import Any

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.payments import cards, method_types, shapes
from sandbox.payments.balance import rules as balance
from sandbox.payments.cards import Card, Decline
from sandbox.payments.slow import vouchers
from sandbox.payments.slow.timing import outcome_of

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
AUTHORIZATION_LENGTH, NETWORK_ID_LENGTH = 6, 15
AUTHENTICATED = {
    "authentication_flow": "challenge",
    "electronic_commerce_indicator": "05",
    "exemption_indicator": None,
    "result": "authenticated",
    "result_reason": None,
    "version": "2.2.0",
}


ASYNC_CAPTURE_SECONDS = 5  # Until the movement of an asynchronous capture is recorded.


@dataclass(frozen=True)
class Purpose:
    """The members of a payment intent that its creator sets; `order_reference` is the subscription's invoice
    that it pays.
    """

    amount: int
    currency: str
    customer: str | None
    metadata: dict[str, str]
    description: str | None = None
    receipt_email: str | None = None
    setup_future_usage: str | None = None
    order_reference: str | None = None


def new_card(account: Account, card: Card, *, payer: Object, expiry: tuple[int, int]) -> Object:
    """Save a card as a payment method of no customer."""
    return account.add(shapes.card_method(card, created=account.now, expiry=expiry, payer=payer))


def new_bank_account(account: Account, *, payer: Object) -> Object:
    """Save a bank account as a payment method of no customer; its payments are delayed."""
    return account.add(shapes.bank_method(created=account.now, payer=payer))


def attach(account: Account, method: Object, customer_id: str) -> Object:
    """Attach the payment method to the customer, so that it can be charged again."""
    account.change(method, {"customer": customer_id})
    account.emit("payment_method.attached", method)
    return method


def create_intent(account: Account, purpose: Purpose, *, method_type: str | None = None) -> Object:
    """Create a payment intent; nothing is charged yet. `method_type` is the only type that it takes."""
    intent = shapes.intent(
        amount=purpose.amount,
        currency=purpose.currency,
        customer=purpose.customer,
        created=account.now,
        types=[method_type] if method_type else method_types.in_currency(purpose.currency),
    )
    intent |= {
        "description": purpose.description,
        "metadata": purpose.metadata,
        "receipt_email": purpose.receipt_email,
        "setup_future_usage": purpose.setup_future_usage,
    }
    if purpose.order_reference:
        intent["payment_details"] = {"customer_reference": None, "order_reference": purpose.order_reference}
    return account.add(intent, event="payment_intent.created")


def collect(
    account: Account, intent: Object, method: Object, *, on_session: bool, is_away: bool = False
) -> Decline | None:
    """Charge the payment method and return its decline, None if the charge succeeds or a bank debit begins.

    On session the customer has authenticated before; off session a card that needs 3-D Secure makes the intent
    `requires_action`, as a voucher does until it is paid, or is declined if the customer `is_away`. A debit makes it
    `processing`.
    """
    if method["type"] in method_types.VOUCHERS:
        return issue_voucher(account, intent, method)
    if method["type"] in method_types.DEBITS:
        collect_later(account, intent, method)
        return None
    if not on_session and card_of(method).asks_authentication(on_session=False):
        away = decline_off_session if is_away else require_authentication
        return away(account, intent, method)
    return charge_card(account, intent, method, authenticated=on_session)


def charge_card(account: Account, intent: Object, method: Object, *, authenticated: bool) -> Decline | None:
    """Charge a card, or only authorize it if the intent is captured later; return the decline, if any."""
    card = card_of(method)
    charge = _charge(account, intent, method)
    if authenticated and card.asks_authentication(on_session=True):
        secure = {"three_d_secure": {**AUTHENTICATED, "transaction_id": ids.random_text(16)}}
        details = charge["payment_method_details"]
        account.change(charge, {"payment_method_details": {**details, "card": {**details["card"], **secure}}})
    if card.refusal is not None:
        return fail(account, intent, card.refusal, method, charge=charge)
    if intent["capture_method"] == "manual":
        _authorize(account, intent, charge)
    else:
        succeed(account, intent, charge)
    return None


def decline_off_session(account: Account, intent: Object, method: Object) -> Decline:
    """Decline a card that needs 3-D Secure while the customer is away."""
    charge = _charge(account, intent, method)
    return fail(account, intent, cards.AUTHENTICATION_REQUIRED, method, charge=charge)


def collect_later(account: Account, intent: Object, method: Object) -> None:
    """Begin a bank debit: until it settles the charge is `pending` and the intent `processing`."""
    charge = _charge(account, intent, method)
    account.emit("charge.pending", charge)
    changes = {
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": method["id"],
        "status": "processing",
    }
    account.change(intent, changes)
    account.emit("payment_intent.processing", intent)
    account.store.set_due("payment_intent", intent["id"], outcome_of(method).due_after_debit(account.now))


def issue_voucher(account: Account, intent: Object, method: Object) -> Decline:
    """Issue a voucher, with which the customer pays elsewhere; return the error for off-session payments."""
    expires_at = method_types.voucher_expiry(method["type"], intent, now=account.now)
    action = vouchers.next_action(method, intent, expires_at=expires_at, base_url=account.base_url)
    _require_action(account, intent, method, action)
    due = outcome_of(method).due_after_voucher(account.now, expires_at=expires_at)
    account.store.set_due("payment_intent", intent["id"], due)
    return vouchers.UNPAID


def require_authentication(
    account: Account, intent: Object, method: Object, *, return_url: str | None = None
) -> Decline:
    """Make the intent wait for 3-D Secure; nothing is charged before it."""
    action = shapes.authentication(intent, account_id=account.id, base_url=account.base_url, return_url=return_url)
    _require_action(account, intent, method, action)
    return cards.AUTHENTICATION_REQUIRED


def settle(
    account: Account, intent: Object, *, succeeds: bool, decline: Decline = cards.BANK_REFUSED
) -> Decline | None:
    """End a debit or a voucher, and return its decline, None if it succeeds."""
    account.store.clear_due("payment_intent", intent["id"])
    method = account.store.get("payment_method", intent["payment_method"])
    if method is None:
        raise LookupError(f"{intent['id']} has no payment method")
    pending = intent["status"] == "processing"
    charge = account.find("charge", intent["latest_charge"]) if pending else None
    if not succeeds:
        return fail(account, intent, decline, method, charge=charge)
    succeed(account, intent, charge or _charge(account, intent, method))
    return None


def capture(account: Account, intent: Object, *, amount: int) -> None:
    """Capture an authorized amount; the rest of it is released."""
    account.store.clear_due("payment_intent", intent["id"])
    charge = account.find("charge", intent["latest_charge"])
    account.change(charge, {"amount_captured": amount, "amount_refunded": charge["amount"] - amount, "captured": True})
    account.change(charge, {"balance_transaction": balance.collected(account, charge)["id"]})
    account.emit("charge.captured", charge)
    account.change(intent, {"amount_capturable": 0, "amount_received": amount, "status": "succeeded"})
    account.emit("payment_intent.succeeded", intent)
    _expect_dispute(account, charge)


def would_decline(method: Object) -> Decline | None:
    """Return the decline that an off-session charge would get, None if it would succeed; write nothing."""
    if method["type"] != method_types.CARD:
        return None
    card = card_of(method)
    return cards.AUTHENTICATION_REQUIRED if card.asks_authentication(on_session=False) else card.refusal


def cancel_intent(account: Account, intent: Object, *, reason: str | None) -> None:
    """Cancel an unpaid payment intent, and release an authorized amount."""
    account.store.clear_due("payment_intent", intent["id"])
    if intent["status"] == "requires_capture":
        _release(account, account.find("charge", intent["latest_charge"]), expired=reason == "automatic")
    changes = {
        "amount_capturable": 0,
        "canceled_at": account.now,
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    account.change(intent, changes)
    account.emit("payment_intent.canceled", intent)


def card_of(method: Object) -> Card:
    """Return the test card of a payment method."""
    return cards.BY_NUMBER[method["_number"]]


def succeed(account: Account, intent: Object, charge: Object) -> None:
    """Complete the charge and its intent; the movement of an asynchronous capture is recorded afterwards."""
    collected = {"amount_captured": charge["amount"], "captured": True}
    account.change(charge, {**_approval(charge), **collected})
    if intent["capture_method"] == "automatic_async" and charge["payment_method_details"]["type"] == "card":
        account.store.set_due("charge", charge["id"], account.now + ASYNC_CAPTURE_SECONDS)
    else:
        account.change(charge, {"balance_transaction": balance.collected(account, charge)["id"]})
    account.emit("charge.succeeded", charge)
    _close(account, intent, charge, {"amount_received": intent["amount"], "status": "succeeded"})
    account.emit("payment_intent.succeeded", intent)
    _expect_dispute(account, charge)


def fail(
    account: Account, intent: Object, decline: Decline, method: Object, *, charge: Object | None = None
) -> Decline:
    """Fail the charge, if there is one yet, and let the intent wait for another payment method."""
    reference = {}
    if charge:
        failure = {"failure_code": decline.code, "failure_message": decline.message, "status": "failed"}
        account.change(charge, {**failure, "outcome": _declined_outcome(decline)})
        account.emit("charge.failed", charge)
        reference = {"charge": charge["id"]}
    changes = {
        "last_payment_error": payment_error(decline, method, **reference),
        "latest_charge": charge["id"] if charge else intent["latest_charge"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.change(intent, changes)
    account.emit("payment_intent.payment_failed", intent)
    return decline


def payment_error(decline: Decline, method: Object, **extra: Any) -> Object:
    """Return the `last_payment_error` or `last_setup_error` of an intent: the decline's error, with its method."""
    error: Object = decline.error(**extra).body()["error"]
    return {**error, "payment_method": public(method)}


def _charge(account: Account, intent: Object, method: Object) -> Object:
    charge = shapes.charge(
        intent=intent, method=method, created=account.now, receipts_url=f"{account.base_url}/receipt"
    )
    disputed = card_of(method).disputed if method["type"] == method_types.CARD else outcome_of(method).disputed
    return account.add(charge | ({"_disputed": asdict(disputed)} if disputed else {}))


def _approval(charge: Object) -> Object:
    """Return the changes of an approved charge, with the numbers that the card's network gives it."""
    approval = {"outcome": APPROVED, "paid": True, "status": "succeeded"}
    details = charge["payment_method_details"]
    if details["type"] != method_types.CARD:
        return approval
    numbers = {
        "authorization_code": ids.random_digits(AUTHORIZATION_LENGTH),
        "network_transaction_id": ids.random_digits(NETWORK_ID_LENGTH),
    }
    return {**approval, "payment_method_details": {**details, "card": {**details["card"], **numbers}}}


def _authorize(account: Account, intent: Object, charge: Object) -> None:
    account.change(charge, _approval(charge))
    details = charge["payment_method_details"]
    before = {"capture_before": account.now + shapes.CAPTURE_WITHIN}
    account.change(charge, {"payment_method_details": {**details, "card": {**details["card"], **before}}})
    account.emit("charge.succeeded", charge)
    _close(account, intent, charge, {"amount_capturable": intent["amount"], "status": "requires_capture"})
    account.emit("payment_intent.amount_capturable_updated", intent)
    account.store.set_due("payment_intent", intent["id"], before["capture_before"])


def _close(account: Account, intent: Object, charge: Object, changes: Object) -> None:
    members = {
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": charge["payment_method"],
    }
    account.change(intent, {**members, **changes})


def _release(account: Account, charge: Object, *, expired: bool) -> None:
    account.change(charge, {"amount_refunded": charge["amount"], "refunded": True})
    account.emit("charge.expired" if expired else "charge.refunded", charge)


def _require_action(account: Account, intent: Object, method: Object, action: Object) -> None:
    changes = {
        "last_payment_error": None,
        "next_action": action,
        "payment_method": method["id"],
        "status": "requires_action",
    }
    account.change(intent, changes)
    account.emit("payment_intent.requires_action", intent)


def _expect_dispute(account: Account, charge: Object) -> None:
    if charge.get("_disputed"):
        account.store.set_due("charge", charge["id"], account.now)


def _declined_outcome(decline: Decline) -> Object:
    return {
        **APPROVED,
        "advice_code": decline.advice_code,
        "network_decline_code": decline.network_decline_code,
        "network_status": "declined_by_network",
        "reason": decline.decline_code or decline.code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }

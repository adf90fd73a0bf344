"""Controls of payments: end one that waits for the customer or a bank, and open or end disputes."""

from typing import Any

from sandbox.controls.body import Body
from sandbox.controls.checkout import shown
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.limits import MAX_AMOUNT
from sandbox.local_stripe import LocalStripe
from sandbox.payments import due
from sandbox.payments.disputes import rules as disputes
from sandbox.payments.disputes import shapes

OUTCOMES = ("succeed", "fail")
DISPUTE_STATUSES = ("needs_response", "warning_needs_response")
DISPUTE_OUTCOMES = ("won", "lost", "warning_closed")


def end(sandbox: LocalStripe, body: Body, intent_id: str) -> dict[str, Any]:
    """Let a debit, a voucher or 3-D Secure succeed or fail; return the payment intent or setup intent."""
    outcome = _required(body.choice("outcome", OUTCOMES), "outcome")
    body.finish()
    with sandbox.transaction():
        return shown(sandbox, due.end(sandbox.account, intent_id, succeeds=outcome == "succeed"))


def open_dispute(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Dispute a charge, given as `charge` or by its `payment_intent`; return the dispute."""
    charge_id, intent_id = body.text("charge"), body.text("payment_intent")
    reason = body.choice("reason", shapes.REASONS) or "fraudulent"
    amount = body.integer("amount", least=1, most=MAX_AMOUNT)
    status = body.choice("status", DISPUTE_STATUSES)
    body.finish()
    with sandbox.transaction():
        charge = _charge(sandbox.account, charge_id, intent_id)
        is_inquiry = status == "warning_needs_response"
        dispute = disputes.open_dispute(sandbox.account, charge, reason=reason, amount=amount, is_inquiry=is_inquiry)
        return shown(sandbox, dispute)


def end_dispute(sandbox: LocalStripe, body: Body, dispute_id: str) -> dict[str, Any]:
    """Let a dispute be won or lost, or an inquiry be closed; return the dispute."""
    outcome = _required(body.choice("outcome", DISPUTE_OUTCOMES), "outcome")
    body.finish()
    with sandbox.transaction():
        dispute = sandbox.account.find("dispute", dispute_id)
        is_inquiry = dispute["status"].startswith(disputes.INQUIRY)
        is_open = dispute["status"].endswith(("needs_response", "under_review"))
        if not is_open or is_inquiry != (outcome == "warning_closed"):
            raise ApiError.invalid(
                f"A dispute with the status {dispute['status']} can't be {outcome}.", param="outcome"
            )
        disputes.close(sandbox.account, dispute, status=outcome)
        return shown(sandbox, dispute)


def _charge(account: Account, charge_id: str | None, intent_id: str | None) -> Object:
    if charge_id:
        return account.find("charge", charge_id, param="charge")
    intent = account.find("payment_intent", _required(intent_id, "charge"), param="payment_intent")
    return account.find("charge", intent["latest_charge"] or "", param="payment_intent")


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise ApiError.missing_parameter(name)
    return value


ROUTES = [
    ("POST", "payments/<intent_id>", end),
    ("POST", "disputes", open_dispute),
    ("POST", "disputes/<dispute_id>", end_dispute),
]

"""Rules for refunds: the refundable amount, how a refund ends, the charge's members after it, and the events."""

from typing import Any

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.payments import cards, method_types
from sandbox.payments.balance import rules as balance
from sandbox.payments.balance.rules import Movement
from sandbox.payments.cards import RefundOutcome
from sandbox.payments.disputes import rules as disputes
from sandbox.payments.refunds import shapes

# Stripe adds the bank's reference of a card refund some seconds later, with an event.
SECONDS_TO_REFERENCE = 5
ENDS_AFTER = 3 * DAY
CLAIM_WITHIN = 45 * DAY


def create(
    account: Account, charge: Object, *, amount: int | None, members: dict[str, Any], email: str | None = None
) -> Object:
    """Refund the amount, or all that is not refunded yet. `email` gets the instructions to claim a voucher's refund.

    Raises ApiError (400) if less than the amount is left, or the charge has been disputed.
    """
    dispute = disputes.of_charge(account, charge)
    _require_refundable(charge, dispute)
    refund = shapes.refund(charge=charge, amount=_refundable(charge, amount), created=account.now, members=members)
    refund |= _beginning(account, charge, email)
    account.add(refund)
    if refund["status"] != "requires_action":
        account.change(refund, {"balance_transaction": _paid_out(account, charge, refund)["id"]})
    refunded = charge["amount_refunded"] + refund["amount"]
    account.change(
        charge,
        {"amount_refunded": refunded, "refunded": refunded == charge["amount"]},
        event="charge.refunded",
    )
    account.emit("refund.created", refund)
    _set_due(account, refund)
    if dispute and charge["refunded"] and dispute["status"].startswith(disputes.INQUIRY):
        _close_inquiry(account, dispute)
    return refund


def advance(account: Account, refund: Object) -> None:
    """Add the bank's reference number to a card refund, or end a refund that is not certain yet."""
    account.store.clear_due("refund", refund["id"])
    if _waits_for_reference(refund):
        change(account, refund, {"destination_details": shapes.card_reference(refund)})
    elif refund["_ends_as"] == "failed":
        _fail(account, refund)
        return
    else:
        _succeed(account, refund)
        return
    _set_due(account, refund)


def cancel(account: Account, refund: Object) -> None:
    """Cancel a refund that the customer has not claimed."""
    account.store.clear_due("refund", refund["id"])
    _take_back(account, refund)
    change(account, refund, {"next_action": None, "status": "canceled", "_ends_as": None})


def change(account: Account, refund: Object, changes: dict[str, Any]) -> Object:
    """Save changes to a refund; Stripe records `charge.refund.updated` too, the event's older name."""
    before = {name: refund.get(name) for name in changes}
    account.change(refund, changes, event="refund.updated")
    changed = {name: value for name, value in before.items() if value != refund[name]}
    if previous := {name: value for name, value in changed.items() if not name.startswith("_")}:
        account.emit("charge.refund.updated", refund, previous=previous)
    return refund


def _beginning(account: Account, charge: Object, email: str | None) -> Object:
    """Return the refund's status now, and privately how it ends if that is not certain."""
    kind = charge["payment_method_details"]["type"]
    if kind in method_types.VOUCHERS:
        sent = {"email_sent_at": account.now, "email_sent_to": email or _email(charge)}
        details = {"email_sent": sent, "expires_at": account.now + CLAIM_WITHIN}
        action = {"display_details": details, "type": "display_details"}
        return {"next_action": action, "status": "requires_action", "_ends_as": "succeeded"}
    method = account.store.get("payment_method", charge["payment_method"])
    card = cards.BY_NUMBER.get((method or {}).get("_number", ""))
    match card.refunds if card else RefundOutcome.AT_ONCE:
        case RefundOutcome.LATER:
            return {"pending_reason": "processing", "status": "pending", "_ends_as": "succeeded"}
        case RefundOutcome.FAILS_LATER:
            return {"_ends_as": "failed"}
        case _:
            return {"_ends_as": None}


def _email(charge: Object) -> str:
    email: str | None = charge["billing_details"]["email"]
    if email is None:
        raise ApiError.missing_parameter("instructions_email")
    return email


def _set_due(account: Account, refund: Object) -> None:
    if _waits_for_reference(refund):
        account.store.set_due("refund", refund["id"], account.now + SECONDS_TO_REFERENCE)
    elif refund["_ends_as"]:
        account.store.set_due("refund", refund["id"], refund["created"] + ENDS_AFTER)


def _waits_for_reference(refund: Object) -> bool:
    details = refund["destination_details"]
    return bool(details["type"] == "card" and details["card"]["reference_status"] == "pending")


def _succeed(account: Account, refund: Object) -> None:
    changes: dict[str, Any] = {"next_action": None, "pending_reason": None, "status": "succeeded", "_ends_as": None}
    if refund["balance_transaction"] is None:
        charge = account.find("charge", refund["charge"])
        changes["balance_transaction"] = _paid_out(account, charge, refund)["id"]
    change(account, refund, changes)


def _fail(account: Account, refund: Object) -> None:
    """Fail a refund: its amount returns to the balance, and can be refunded again."""
    movement = Movement(
        amount=refund["amount"],
        type="refund_failure",
        reporting_category="refund_failure",
        description=f"REFUND FAILURE FOR CHARGE {refund['charge']}",
    )
    changes = {
        "failure_balance_transaction": balance.record(account, refund, movement)["id"],
        "failure_reason": "unknown",
        "pending_reason": None,
        "status": "failed",
        "_ends_as": None,
    }
    _take_back(account, refund)
    change(account, refund, changes)
    account.emit("refund.failed", refund)


def _take_back(account: Account, refund: Object) -> None:
    charge = account.find("charge", refund["charge"])
    left = charge["amount_refunded"] - refund["amount"]
    account.change(charge, {"amount_refunded": left, "refunded": False}, event="charge.updated")


def _paid_out(account: Account, charge: Object, refund: Object) -> Object:
    card = charge["payment_method_details"]["type"] == method_types.CARD
    about = f" ({charge['description']})" if charge["description"] else ""
    movement = Movement(
        amount=-refund["amount"],
        type="refund" if card else "payment_refund",
        reporting_category="refund",
        description=f"REFUND FOR {'CHARGE' if card else 'PAYMENT'}{about}",
    )
    return balance.record(account, refund, movement)


def _close_inquiry(account: Account, dispute: Object) -> None:
    if dispute["status"] != "warning_closed":
        disputes.close(account, dispute, status="warning_closed")


def _require_refundable(charge: Object, dispute: Object | None) -> None:
    if dispute and not dispute["is_charge_refundable"]:
        raise ApiError.invalid(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if charge["payment_method_details"]["type"] == "oxxo":
        raise ApiError.invalid("Payments with OXXO can't be refunded.")


def _refundable(charge: Object, amount: int | None) -> int:
    left: int = charge["amount"] - charge["amount_refunded"]
    if not left:
        raise ApiError.invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount is None:
        return left
    if amount > left:
        currency = charge["currency"]
        raise ApiError.invalid(
            f"Refund amount ({money.shown(amount, currency)}) is greater than unrefunded amount on charge "
            f"({money.shown(left, currency)})",
            param="amount",
        )
    return amount

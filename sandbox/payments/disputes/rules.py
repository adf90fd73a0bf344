"""Rules for disputes: they take the money, wait for evidence until a deadline, and are won or lost.

https://docs.stripe.com/disputes/how-disputes-work
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.payments import method_types
from sandbox.payments.balance import rules as balance
from sandbox.payments.balance.rules import Movement
from sandbox.payments.disputes import shapes

DAYS_TO_RESPOND = 9
DAYS_OF_REVIEW = 60
DAYS_OF_INQUIRY = 120
WAITS = {"needs_response", "warning_needs_response"}
INQUIRY = "warning_"
# Stripe's test texts: as evidence they decide the dispute.
WINNING, LOSING, ESCALATING = "winning_evidence", "losing_evidence", "escalate_inquiry_evidence"


def open_dispute(
    account: Account, charge: Object, *, reason: str, amount: int | None = None, is_inquiry: bool = False
) -> Object:
    """Dispute a charge, or `amount` of it; an inquiry takes no money. A bank's decision on a debit is final.

    Raises ApiError (400) for a charge without a payment, one that is disputed already, or too large an amount.
    """
    left = _disputable(charge)
    if amount is not None and amount > left:
        raise ApiError.invalid(f"Only {left} of this charge can be disputed.", param="amount")
    is_final = charge["payment_method_details"]["type"] != method_types.CARD
    status = "lost" if is_final else f"{INQUIRY if is_inquiry else ''}needs_response"
    due_by = None if is_final else (account.now // DAY + DAYS_TO_RESPOND + 1) * DAY - 1
    dispute = shapes.dispute(
        charge,
        reason=reason,
        amount=amount or left,
        status=status,
        created=account.now,
        due_by=due_by,
        is_inquiry=is_inquiry,
    )
    account.add(dispute)
    account.change(charge, {"disputed": True})
    if is_inquiry:
        account.emit("charge.dispute.created", dispute)
        account.store.set_due("dispute", dispute["id"], account.now + DAYS_OF_INQUIRY * DAY)
        return dispute
    _withdraw(account, dispute, event="charge.dispute.created")
    if is_final:
        account.emit("charge.dispute.closed", dispute)
    elif due_by:
        account.store.set_due("dispute", dispute["id"], due_by)
    return dispute


def submit(account: Account, dispute: Object, changes: dict[str, Any], *, submits: bool) -> None:
    """Save evidence, and send it to the bank if `submits`: the dispute is then reviewed."""
    details = dispute["evidence_details"]
    known = {**dispute["evidence"], **changes.get("evidence", {})}
    has_evidence = any(known[name] for name in (*shapes.TEXTS, *shapes.FILES))
    details = {**details, "has_evidence": has_evidence}
    if submits:
        count = details["submission_count"] + 1
        details |= {"submission_count": count, "submission_method": "manual"}
        prefix = INQUIRY if dispute["status"].startswith(INQUIRY) else ""
        changes = {**changes, "status": f"{prefix}under_review"}
        decided = known["uncategorized_text"] in {WINNING, LOSING, ESCALATING}
        until = account.now if decided else account.now + DAYS_OF_REVIEW * DAY
        account.store.set_due("dispute", dispute["id"], until)
    account.change(dispute, {**changes, "evidence_details": details}, event="charge.dispute.updated")


def advance(account: Account, dispute: Object) -> None:
    """End a dispute whose deadline has passed, or whose review ends."""
    account.store.clear_due("dispute", dispute["id"])
    text = dispute["evidence"]["uncategorized_text"]
    match dispute["status"]:
        case "needs_response":
            details = {**dispute["evidence_details"], "past_due": True}
            account.change(dispute, {"evidence_details": details})
            close(account, dispute, status="lost")
        case "under_review":
            close(account, dispute, status="won" if text == WINNING else "lost")
        case "warning_under_review" if text == ESCALATING:
            _escalate(account, dispute)
        case "warning_needs_response" | "warning_under_review":
            close(account, dispute, status="warning_closed")


def close(account: Account, dispute: Object, *, status: str) -> None:
    """End the dispute: "won" returns the money, "lost" does not, "warning_closed" ends an inquiry."""
    account.store.clear_due("dispute", dispute["id"])
    account.change(dispute, {"is_charge_refundable": status != "lost", "status": status})
    if status == "won":
        movement = Movement(
            amount=dispute["amount"],
            type="adjustment",
            reporting_category="dispute_reversal",
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        _move(account, dispute, movement)
    account.emit("charge.dispute.closed", dispute)
    if status == "won":
        account.emit("charge.dispute.funds_reinstated", dispute)


def of_charge(account: Account, charge: Object) -> Object | None:
    """Return the latest dispute of a charge, None if it has none."""
    return next(account.store.scan("dispute", index=("charge", charge["id"])), None)


def _disputable(charge: Object) -> int:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise ApiError.invalid(f"Charge {charge['id']} has not been collected and can't be disputed.")
    if charge["disputed"]:
        raise ApiError.invalid(f"Charge {charge['id']} has already been disputed.")
    left: int = charge["amount"] - charge["amount_refunded"]
    if not left:
        raise ApiError.invalid(f"Charge {charge['id']} has been refunded and can't be disputed.")
    return left


def _escalate(account: Account, dispute: Object) -> None:
    """Make an inquiry a chargeback, which takes the money."""
    details = dispute["payment_method_details"]
    changes = {
        "is_charge_refundable": False,
        "payment_method_details": {**details, "card": {**details["card"], "case_type": "chargeback"}},
        "status": "needs_response",
    }
    account.change(dispute, changes)
    _withdraw(account, dispute, event="charge.dispute.updated")
    account.store.set_due("dispute", dispute["id"], max(dispute["evidence_details"]["due_by"], account.now))


def _withdraw(account: Account, dispute: Object, *, event: str) -> None:
    movement = Movement(
        amount=-dispute["amount"],
        type="adjustment",
        reporting_category="dispute",
        description=f"Chargeback withdrawal for {dispute['charge']}",
        fee=balance.DISPUTE_FEE,
        fee_description="Dispute fee",
    )
    _move(account, dispute, movement)
    account.emit(event, dispute)
    account.emit("charge.dispute.funds_withdrawn", dispute)


def _move(account: Account, dispute: Object, movement: Movement) -> None:
    moved = balance.record(account, dispute, movement)
    account.change(dispute, {"balance_transactions": [*dispute["balance_transactions"], moved]})

"""Rules for refunds: the refundable amount, the charge's members after a refund, and the events."""

from typing import Any

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments.refunds import shapes

# Stripe adds the bank's reference of a card refund some seconds later, with an event.
SECONDS_TO_REFERENCE = 5


def create(account: Account, charge: Object, *, amount: int | None, members: dict[str, Any]) -> Object:
    """Refund the amount, or all that is not refunded yet.

    Raises ApiError (400) if less than the amount is left.
    """
    refund = shapes.refund(charge=charge, amount=_refundable(charge, amount), created=account.now, members=members)
    account.add(refund)
    refunded = charge["amount_refunded"] + refund["amount"]
    account.change(
        charge,
        {"amount_refunded": refunded, "refunded": refunded == charge["amount"]},
        event="charge.refunded",
    )
    account.emit("refund.created", refund)
    if refund["destination_details"]["type"] == "card":
        account.store.set_due("refund", refund["id"], account.now + SECONDS_TO_REFERENCE)
    return refund


def add_bank_reference(account: Account, refund: Object) -> None:
    """Add the bank's reference number to a card refund."""
    account.store.clear_due("refund", refund["id"])
    change(account, refund, {"destination_details": shapes.card_reference(refund)})


def change(account: Account, refund: Object, changes: dict[str, Any]) -> Object:
    """Save changes to a refund; Stripe records `charge.refund.updated` too, the event's older name."""
    before = {name: refund.get(name) for name in changes}
    account.change(refund, changes, event="refund.updated")
    if previous := {name: value for name, value in before.items() if value != refund[name]}:
        account.emit("charge.refund.updated", refund, previous=previous)
    return refund


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

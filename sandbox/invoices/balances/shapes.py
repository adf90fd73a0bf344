"""The members of customer balance transactions."""

from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object


def transaction(
    *,
    customer: str,
    amount: int,
    ending_balance: int,
    kind: str,
    currency: str,
    created: int,
    members: dict[str, Any],
) -> Object:
    """Return a new transaction; a positive amount increases what the customer owes."""
    return {
        "id": ids.new("customer_balance_transaction"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": created,
        "credit_note": None,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "ending_balance": ending_balance,
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        **members,
    }

"""Record the movements of the balance: charges, refunds and disputes, and their reversals.

Stripe's standard fee in the US is 2.9 % and 30 cents of a card payment, 0.8 % (at most 5.00) of a bank debit.
"""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.core import ids, money
from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.payments.balance import totals

DAYS_TO_PAYOUT = 7
CARD_FEE = (Decimal("0.029"), 30)
DEBIT_FEE = (Decimal("0.008"), 0)
MOST_DEBIT_FEE = 500
DISPUTE_FEE = 1500
DEBITS = {"us_bank_account", "sepa_debit"}


@dataclass(frozen=True)
class Movement:
    """One movement of the balance; `amount` is negative if money leaves it."""

    amount: int
    type: str
    reporting_category: str
    description: str | None = None
    fee: int = 0
    fee_description: str = "Stripe processing fees"


def record(account: Account, source: Object, movement: Movement) -> Object:
    """Store the balance transaction of `source`: a charge, refund or dispute."""
    fee = movement.fee
    detail = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": movement.fee_description,
        "type": "stripe_fee",
    }
    transaction = {
        "id": ids.new("balance_transaction"),
        "object": "balance_transaction",
        "amount": movement.amount,
        "available_on": (account.now // DAY + DAYS_TO_PAYOUT) * DAY,
        "balance_type": "payments",
        "created": account.now,
        "currency": source["currency"],
        "description": movement.description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [detail] if fee else [],
        "net": movement.amount - fee,
        "reporting_category": movement.reporting_category,
        "source": source["id"],
        "status": "pending",
        "type": movement.type,
        "_source_type": "bank_account" if _method_type(account, source) in DEBITS else "card",
    }
    account.add(transaction)
    totals.add(account, transaction, "pending")
    account.store.set_due("balance_transaction", transaction["id"], transaction["available_on"])
    return transaction


def make_available(account: Account, transaction: Object) -> None:
    """Make the money available for payouts, days after the movement."""
    account.store.clear_due("balance_transaction", transaction["id"])
    account.change(transaction, {"status": "available"})
    totals.add(account, transaction, "pending", sign=-1)
    totals.add(account, transaction, "available")


def collected(account: Account, charge: Object) -> Object:
    """Record the captured amount of a charge, less Stripe's fee."""
    amount, method = charge["amount_captured"], charge["payment_method_details"]["type"]
    kind = "charge" if method == "card" else "payment"
    movement = Movement(
        amount=amount,
        type=kind,
        reporting_category="charge",
        description=charge["description"],
        fee=_fee(amount, method),
    )
    return record(account, charge, movement)


def _method_type(account: Account, source: Object) -> str:
    """Return the type of the payment method of a charge, or of the charge that is refunded or disputed."""
    charge = source if source["object"] == "charge" else account.find("charge", source["charge"])
    return str(charge["payment_method_details"]["type"])


def _fee(amount: int, method: str) -> int:
    rate, fixed = DEBIT_FEE if method in DEBITS else CARD_FEE
    fee = money.rounded(amount * rate + fixed)
    return min(fee, MOST_DEBIT_FEE) if method in DEBITS else fee

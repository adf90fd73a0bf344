"""Change a customer's balance: each change is a transaction. A negative balance is the customer's credit."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices.balances import shapes


def adjust(account: Account, customer_id: str, *, amount: int, kind: str, currency: str, **members: Any) -> Object:
    """Add the amount to the customer's balance and return the transaction; `kind` is its `type`.

    The customer's first transaction sets their currency.
    """
    customer = account.find("customer", customer_id)
    changes = {"balance": customer["balance"] + amount, "currency": customer["currency"] or currency}
    account.change(customer, changes, event="customer.updated")
    return record(account, customer, amount=amount, kind=kind, currency=currency, **members)


def record(account: Account, customer: Object, *, amount: int, kind: str, currency: str, **members: Any) -> Object:
    """Record a change of the balance that the customer already shows."""
    return account.add(
        shapes.transaction(
            customer=customer["id"],
            amount=amount,
            ending_balance=customer["balance"],
            kind=kind,
            currency=currency,
            created=account.now,
            members=members,
        )
    )


def settle_on_finalization(account: Account, invoice: Object) -> None:
    """Apply the customer's balance to an invoice that is being finalized, and save the rest of a small total.

    A total below the smallest charge, or below zero, is added to the balance instead of being charged.
    """
    change = invoice["total"] - invoice["amount_due"]
    applied = _applied(invoice)
    _adjust_for(account, invoice, applied, kind="applied_to_invoice")
    _adjust_for(account, invoice, change - applied, kind="invoice_too_small")


def undo(account: Account, invoice: Object) -> None:
    """Give back what the balance paid of an invoice that becomes void."""
    _adjust_for(account, invoice, -_applied(invoice), kind="unapplied_from_invoice")


def credit_overpayment(account: Account, invoice: Object, amount: int) -> None:
    """Credit the customer with an amount that was paid too much."""
    _adjust_for(account, invoice, -amount, kind="invoice_overpaid")


def _applied(invoice: Object) -> int:
    """Return the change of the balance that settles the invoice: credit that is used up, or debt that it bills."""
    balance: int = invoice["starting_balance"]
    total: int = invoice["total"]
    if balance < 0:
        return min(-balance, max(0, total))
    return -balance if invoice["amount_due"] else 0


def _adjust_for(account: Account, invoice: Object, amount: int, *, kind: str) -> None:
    if amount and account.get("customer", invoice["customer"]):
        adjust(
            account,
            invoice["customer"],
            amount=amount,
            kind=kind,
            currency=invoice["currency"],
            invoice=invoice["id"],
        )

"""The payments of an invoice: its default payment intent, and payments that were attached to it.

A payment that is received reduces what remains of the invoice; the default payment intent asks only for the rest.
What is paid too much becomes the customer's credit.
"""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import shapes
from sandbox.invoices.balances import rules as balances
from sandbox.payments import rules as payments


def request(account: Account, invoice: Object, intent: Object) -> Object:
    """Make this payment intent the default payment of the invoice."""
    asked = {"payment_intent": intent["id"], "type": "payment_intent"}
    return account.add(shapes.payment(invoice=invoice, payment=asked, created=account.now, is_default=True))


def attach(account: Account, invoice: Object, payment: Object, *, amount: int) -> Object:
    """Add a payment to the invoice that is not its default one; `payment` names an intent or a record."""
    return account.add(
        shapes.payment(invoice=invoice, payment=payment, created=account.now, is_default=False, amount=amount)
    )


def of_invoice(account: Account, invoice: Object) -> list[Object]:
    """Return the invoice's payments, newest first."""
    return list(account.store.scan("invoice_payment", index=("invoice", invoice["id"])))


def default_of(account: Account, invoice: Object) -> Object | None:
    """Return the invoice's default payment, None if it has none."""
    return next((payment for payment in of_invoice(account, invoice) if payment["is_default"]), None)


def save_received(account: Account, invoice: Object, amount: int) -> None:
    """Add a received amount to the invoice, and set its status to paid if nothing remains."""
    paid = invoice["amount_paid"] + amount
    overpaid = max(0, paid - invoice["amount_due"])
    changes = {
        "amount_overpaid": overpaid,
        "amount_paid": paid,
        "amount_remaining": max(0, invoice["amount_due"] - paid),
        "attempt_count": invoice["attempt_count"],
    }
    if not changes["amount_remaining"]:
        changes |= {
            "attempted": True,
            "auto_advance": False,
            "next_payment_attempt": None,
            "status": "paid",
            "status_transitions": invoice["status_transitions"] | {"paid_at": account.now},
        }
    newly_overpaid = overpaid - invoice["amount_overpaid"]
    account.change(invoice, changes, event="invoice.updated")
    if newly_overpaid:
        balances.credit_overpayment(account, invoice, newly_overpaid)
        account.emit("invoice.overpaid", invoice)


def mark_paid(account: Account, payment: Object, amount: int) -> None:
    """Mark one payment as paid."""
    transitions = payment["status_transitions"] | {"paid_at": account.now}
    account.change(payment, {"amount_paid": amount, "status": "paid", "status_transitions": transitions})
    account.emit("invoice_payment.paid", payment)


def ask_for_rest(account: Account, invoice: Object) -> None:
    """Reduce the default payment, and its payment intent, to what remains of the invoice."""
    payment = default_of(account, invoice)
    if payment and payment["status"] == "open" and payment["amount_requested"] != invoice["amount_remaining"]:
        account.change(payment, {"amount_requested": invoice["amount_remaining"]})
        intent = account.find("payment_intent", payment["payment"]["payment_intent"])
        account.change(intent, {"amount": invoice["amount_remaining"]})


def cancel_open(account: Account, invoice: Object, *, reason: str) -> None:
    """Cancel the invoice's payments that are not paid, and their payment intents."""
    for payment in of_invoice(account, invoice):
        if payment["status"] == "open":
            _cancel(account, payment, reason=reason)


def _cancel(account: Account, payment: Object, *, reason: str) -> None:
    intent_id = payment["payment"].get("payment_intent")
    intent = account.get("payment_intent", intent_id) if intent_id else None
    if intent and payment["is_default"] and intent["status"] not in {"canceled", "succeeded"}:
        payments.cancel_intent(account, intent, reason=reason)
    transitions = payment["status_transitions"] | {"canceled_at": account.now}
    account.change(payment, {"status": "canceled", "status_transitions": transitions})

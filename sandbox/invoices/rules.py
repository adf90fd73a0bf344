"""Invoices from draft to paid or void: finalizing, automatic payment attempts, and retries after a failed one.

Stripe keeps a renewal's invoice a draft for about an hour; the sandbox finalizes and collects it immediately.
"""

from sandbox.catalog.discounts import amounts_off
from sandbox.catalog.discounts import rules as discounts
from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.invoices import prorations, shapes
from sandbox.invoices.shapes import Line
from sandbox.payments import rules as payments
from sandbox.payments.cards import Decline
from sandbox.payments.rules import Purpose

RETRY_AFTER = (3 * DAY, 5 * DAY, 7 * DAY)
NO_METHOD = Decline(
    "resource_missing",
    "This customer has no attached payment source or default payment method.",
    type="invalid_request_error",
)
DESCRIPTIONS = {"subscription_create": "Subscription creation"}
LATER_DESCRIPTION = "Subscription update"


def draft(
    account: Account,
    subscription: Object,
    *,
    reason: str,
    lines: list[Line],
    period: tuple[int, int] | None = None,
) -> Object:
    """Create the next invoice of a subscription, with its pending prorations, less its discounts.

    It ends discounts of duration "once"; the caller saves the subscription. `period` is the one that
    just ended; without one the invoice's period begins and ends now.
    """
    pending = prorations.pending(account, subscription)
    invoice = shapes.invoice(
        customer=account.find("customer", subscription["customer"]),
        currency=subscription["currency"],
        created=account.now,
        billing_reason=reason,
        lines=[*map(prorations.line_of, pending), *lines],
    )
    for item in pending:
        account.change(item, {"invoice": invoice["id"]})
    invoice["parent"] = shapes.parent(subscription)
    invoice["period_start"], invoice["period_end"] = period or (account.now, account.now)
    invoice["collection_method"] = subscription["collection_method"]
    if subscription["collection_method"] == "send_invoice":
        invoice["due_date"] = account.now + (subscription["days_until_due"] or 0) * DAY
    amounts_off.apply_to_invoice(invoice, discounts.active(account, subscription))
    account.add(invoice, event="invoice.created")
    discounts.end_once_discounts(account, subscription, invoice)
    return invoice


def draft_one_off(
    account: Account, *, customer: str, currency: str, lines: list[Line], data: Object, reduced_by: list[Object]
) -> Object:
    """Create the invoice of a one-time purchase, less the discounts in `reduced_by`."""
    invoice = shapes.invoice(
        customer=account.find("customer", customer),
        currency=currency,
        created=account.now,
        billing_reason="manual",
        lines=lines,
    )
    invoice |= {name: data[name] for name in ("description", "footer", "metadata")}
    amounts_off.apply_to_invoice(invoice, reduced_by)
    return account.add(invoice, event="invoice.created")


def finalize(
    account: Account, invoice: Object, *, intent: Object | None = None, method_type: str | None = None
) -> None:
    """Finalize the invoice: give it a number and, if an amount is due, a payment intent.

    The customer's balance pays first; a negative total is added to it as credit.
    """
    changes = {
        "effective_at": account.now,
        "ending_balance": invoice["starting_balance"] + invoice["total"] - invoice["amount_due"],
        "hosted_invoice_url": f"{account.base_url}/invoice/{invoice['id']}",
        "invoice_pdf": f"{account.base_url}/invoice/{invoice['id']}?format=pdf",
        "number": _assign_number(account, invoice),
        "status": "open",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": account.now},
    }
    account.change(invoice, changes)
    account.emit("invoice.finalized", invoice)
    if invoice["amount_due"]:
        intent = intent or payments.create_intent(account, _purpose(invoice), method_type=method_type)
        payment = shapes.payment(invoice=invoice, payment_intent=intent["id"], created=account.now)
        account.add(payment)


def collect(
    account: Account, invoice: Object, method: Object | None, *, on_session: bool, is_automatic: bool = True
) -> Decline | None:
    """Try to pay an open invoice; return the decline, None if it is paid. With no amount due it is paid at once."""
    if not invoice["amount_due"]:
        mark_paid(account, invoice)
        return None
    intent = intent_of(account, invoice)
    decline = payments.collect(account, intent, method, on_session=on_session) if method else NO_METHOD
    if intent["status"] == "processing":
        mark_processing(account, invoice)
    elif decline is None:
        mark_paid(account, invoice, attempted=True)
    else:
        needs_action = intent["status"] == "requires_action"
        mark_failed(account, invoice, needs_action=needs_action, is_automatic=is_automatic)
    return decline


def mark_paid(account: Account, invoice: Object, *, attempted: bool = False) -> None:
    """Mark the invoice as paid in full."""
    changes = {
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempt_count": invoice["attempt_count"] + attempted,
        "attempted": True,
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": invoice["status_transitions"] | {"paid_at": account.now},
    }
    account.change(invoice, changes, event="invoice.updated")
    account.store.clear_due("invoice", invoice["id"])
    _close_payment(account, invoice)
    _set_delinquent(account, invoice, delinquent=False)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)


def mark_processing(account: Account, invoice: Object) -> None:
    """Save that a bank debit has begun; the invoice stays open until it ends."""
    changes = {"attempt_count": invoice["attempt_count"] + 1, "attempted": True, "next_payment_attempt": None}
    account.change(invoice, changes, event="invoice.updated")
    account.store.clear_due("invoice", invoice["id"])


def mark_failed(account: Account, invoice: Object, *, needs_action: bool = False, is_automatic: bool = True) -> None:
    """Save a failed attempt and schedule the next one: RETRY_AFTER for renewals, none for first invoices.

    An attempt on request (not `is_automatic`) changes neither the count nor the schedule, unless it is the first.
    """
    if is_automatic or not invoice["attempted"]:
        _schedule_retry(account, invoice)
    _set_delinquent(account, invoice, delinquent=True)
    account.emit("invoice.payment_failed", invoice)
    if needs_action:
        account.emit("invoice.payment_action_required", invoice)


def _schedule_retry(account: Account, invoice: Object) -> None:
    retries = () if invoice["billing_reason"] == "subscription_create" else RETRY_AFTER
    count = invoice["attempt_count"]
    next_attempt = account.now + retries[count] if count < len(retries) else None
    changes = {"attempt_count": count + 1, "attempted": True, "next_payment_attempt": next_attempt}
    account.change(invoice, changes, event="invoice.updated")
    if next_attempt is None:
        account.store.clear_due("invoice", invoice["id"])
    else:
        account.store.set_due("invoice", invoice["id"], next_attempt)


def stop_collecting(account: Account, subscription_id: str) -> None:
    """Make no further attempts to collect a subscription's unpaid invoices."""
    for invoice in list(account.store.scan("invoice", index=("subscription", subscription_id))):
        if invoice["status"] in {"draft", "open"}:
            account.change(invoice, {"auto_advance": False, "next_payment_attempt": None}, event="invoice.updated")
            account.store.clear_due("invoice", invoice["id"])


def void(account: Account, invoice: Object) -> None:
    """Void an invoice and cancel its payment intent."""
    changes = {
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "void",
        "status_transitions": invoice["status_transitions"] | {"voided_at": account.now},
    }
    account.change(invoice, changes, event="invoice.updated")
    account.store.clear_due("invoice", invoice["id"])
    account.emit("invoice.voided", invoice)
    cancel_payment(account, invoice, reason="void_invoice")


def cancel_payment(account: Account, invoice: Object, *, reason: str) -> None:
    """Cancel the invoice's payment intent, if it has one."""
    if payment := payment_of(account, invoice):
        payments.cancel_intent(account, intent_of(account, invoice), reason=reason)
        transitions = payment["status_transitions"] | {"canceled_at": account.now}
        account.change(payment, {"status": "canceled", "status_transitions": transitions})


def payment_of(account: Account, invoice: Object) -> Object | None:
    """Return the invoice payment, which links to the payment intent; None if no amount was due."""
    return next(account.store.scan("invoice_payment", index=("invoice", invoice["id"])), None)


def intent_of(account: Account, invoice: Object) -> Object:
    """Return the invoice's payment intent. Raises LookupError if it has none."""
    payment = payment_of(account, invoice)
    if payment is None:
        raise LookupError(f"{invoice['id']} has no payment intent")
    return account.find("payment_intent", payment["payment"]["payment_intent"])


def _close_payment(account: Account, invoice: Object) -> None:
    payment = payment_of(account, invoice)
    if payment and payment["status"] == "open":
        transitions = payment["status_transitions"] | {"paid_at": account.now}
        paid = {"amount_paid": invoice["amount_due"], "status": "paid", "status_transitions": transitions}
        account.change(payment, paid)
        account.emit("invoice_payment.paid", payment)


def _set_delinquent(account: Account, invoice: Object, *, delinquent: bool) -> None:
    customer = account.find("customer", invoice["customer"])
    account.change(customer, {"delinquent": delinquent}, event="customer.updated")


def _purpose(invoice: Object) -> Purpose:
    return Purpose(
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        metadata={},
        description=DESCRIPTIONS.get(invoice["billing_reason"], LATER_DESCRIPTION),
        setup_future_usage="off_session" if invoice["parent"] else None,
        order_reference=invoice["id"],
    )


def _assign_number(account: Account, invoice: Object) -> str:
    """Return the customer's next invoice number, and update the customer's sequence, balance and currency."""
    customer = account.find("customer", invoice["customer"])
    number = customer["next_invoice_sequence"]
    account.change(customer, {"next_invoice_sequence": number + 1})
    changes = {
        "balance": invoice["starting_balance"] + invoice["total"] - invoice["amount_due"],
        "currency": customer["currency"] or invoice["currency"],
    }
    account.change(customer, changes, event="customer.updated")
    return f"{customer['invoice_prefix']}-{number:04}"

"""Invoices from draft to paid or void: finalizing, automatic payment attempts, and retries after a failed one.

Stripe keeps a renewal's invoice a draft for about an hour; the sandbox does so if a control asks for it.
"""

from sandbox.catalog.discounts import rules as discounts
from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.invoices import amounts, lines, shapes, subscription_state
from sandbox.invoices.balances import rules as balances
from sandbox.invoices.items import pending
from sandbox.invoices.payments import rules as invoice_payments
from sandbox.invoices.sending import due
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
DESCRIPTIONS = {"manual": "Payment for Invoice", "subscription_create": "Subscription creation"}
LATER_DESCRIPTION = "Subscription update"


def draft(
    account: Account,
    subscription: Object,
    *,
    reason: str,
    lines: list[Line],
    period: tuple[int, int] | None = None,
) -> Object:
    """Create the next invoice of a subscription, with its pending invoice items, less its discounts.

    It ends discounts of duration "once"; the caller saves the subscription. `period` is the one that just ended;
    without one the invoice's period is the part of the current one until now.
    """
    found = pending.for_subscription(account, subscription)
    invoice = _unsaved(account, subscription, found, reason=reason, lines=lines, period=period)
    _save_new(account, invoice, found)
    discounts.end_once_discounts(account, subscription, invoice)
    return invoice


def drafted(account: Account, subscription: Object, *, lines: list[Line], period: tuple[int, int]) -> Object:
    """Return the invoice that `draft` would create for a renewal, and write nothing."""
    found = pending.for_subscription(account, subscription)
    invoice = _unsaved(account, subscription, found, reason="subscription_cycle", lines=lines, period=period)
    amounts.compute(account, invoice)
    return invoice


def draft_one_off(
    account: Account, *, customer: str, currency: str, lines: list[Line], data: Object, reduced_by: list[Object]
) -> Object:
    """Create the invoice of a one-time purchase, less the discounts in `reduced_by`."""
    invoice = _new(account, customer, currency, [], reason="manual", more=lines)
    invoice |= {name: data[name] for name in ("description", "footer", "metadata")}
    invoice["discounts"] = [discount["id"] for discount in reduced_by]
    return _save_new(account, invoice, [])


def draft_by_request(account: Account, customer: str, currency: str, found: list[Object], members: Object) -> Object:
    """Create an invoice that a request asks for, with these pending invoice items."""
    invoice = _new(account, customer, currency, found, reason="manual", more=[])
    invoice |= {"rendering": shapes.rendering(page_size="auto"), **members}
    _save_new(account, invoice, found)
    due.set_due(account, invoice)
    return invoice


def period_start(subscription: Object) -> int:
    """Return the start of the subscription's current period, the earliest of its items'."""
    return min(int(item["current_period_start"]) for item in subscription["items"]["data"])


def finalize(
    account: Account,
    invoice: Object,
    *,
    intent: Object | None = None,
    method_type: str | None = None,
    uses_balance: bool = True,
) -> None:
    """Finalize the invoice: give it a number and, if an amount is due, a payment intent.

    The customer's balance pays first, unless `uses_balance` is false; a negative total is added to it as credit.
    """
    customer = account.find("customer", invoice["customer"])
    invoice["starting_balance"] = customer["balance"] if uses_balance else 0
    amounts.compute(account, invoice)
    changes = {
        "automatically_finalizes_at": None,
        "effective_at": invoice["effective_at"] or account.now,
        "ending_balance": invoice["starting_balance"] + invoice["total"] - invoice["amount_due"],
        "hosted_invoice_url": f"{account.base_url}/invoice/{invoice['id']}",
        "invoice_pdf": f"{account.base_url}/invoice/{invoice['id']}?format=pdf",
        "number": invoice["number"] or _next_number(account, invoice),
        "status": "open",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": account.now},
    }
    if invoice["rendering"]:
        changes["rendering"] = {**invoice["rendering"], "pdf": {"page_size": "letter"}}
    account.change(invoice, changes)
    balances.settle_on_finalization(account, invoice)
    account.emit("invoice.finalized", invoice)
    if invoice["amount_due"]:
        intent = intent or payments.create_intent(account, _purpose(invoice), method_type=method_type)
        invoice_payments.request(account, invoice, intent)
    due.set_due(account, invoice)


def collect(
    account: Account,
    invoice: Object,
    method: Object | None,
    *,
    on_session: bool,
    is_away: bool = False,
    is_automatic: bool = True,
) -> Decline | None:
    """Try to pay an open invoice; return the decline, None if it is paid. With no amount due it is paid at once.

    A card that needs 3-D Secure is declined if the customer `is_away`.
    """
    if not invoice["amount_remaining"]:
        mark_paid(account, invoice)
        return None
    intent = intent_of(account, invoice)
    decline: Decline | None = NO_METHOD
    if method:
        decline = payments.collect(account, intent, method, on_session=on_session, is_away=is_away)
    if intent["status"] == "processing":
        mark_processing(account, invoice)
    elif decline is None:
        mark_paid(account, invoice, attempted=True)
    else:
        needs_action = intent["status"] == "requires_action"
        mark_failed(account, invoice, needs_action=needs_action, is_automatic=is_automatic)
    return decline


def mark_paid(account: Account, invoice: Object, *, attempted: bool = False) -> None:
    """Mark the invoice as paid, the rest of it by its default payment intent."""
    rest = invoice["amount_remaining"]
    invoice["attempt_count"] += attempted
    invoice_payments.save_received(account, invoice, rest)
    if rest and (payment := payment_of(account, invoice)):
        invoice_payments.mark_paid(account, payment, rest)
    finish(account, invoice)


def mark_processing(account: Account, invoice: Object) -> None:
    """Mark the invoice as being paid by a bank debit. It stays open until the debit succeeds or fails."""
    changes = {"attempt_count": invoice["attempt_count"] + 1, "attempted": True, "next_payment_attempt": None}
    account.change(invoice, changes, event="invoice.updated")
    due.set_due(account, invoice)


def mark_failed(account: Account, invoice: Object, *, needs_action: bool = False, is_automatic: bool = True) -> None:
    """Save a failed attempt and schedule the next one: RETRY_AFTER for renewals, none for first invoices.

    An attempt on request (not `is_automatic`) changes neither the count nor the schedule, unless it is the first.
    A first payment that waits for the customer's authentication has not failed.
    """
    waits = needs_action and invoice["billing_reason"] == "subscription_create"
    if is_automatic or not invoice["attempted"]:
        _schedule_retry(account, invoice, counts=not waits)
    if not waits:
        _set_delinquent(account, invoice, delinquent=True)
        account.emit("invoice.payment_failed", invoice)
    if needs_action:
        account.emit("invoice.payment_action_required", invoice)


def finish(account: Account, invoice: Object, *, by_payment: bool = True) -> None:
    """Record that the invoice, whose status is paid, has become so; cancel payments that are still open."""
    due.set_due(account, invoice)
    invoice_payments.cancel_open(account, invoice, reason="void_invoice")
    _set_delinquent(account, invoice, delinquent=False)
    account.emit("invoice.paid", invoice)
    if by_payment:
        account.emit("invoice.payment_succeeded", invoice)


def _schedule_retry(account: Account, invoice: Object, *, counts: bool) -> None:
    retries = RETRY_AFTER if _is_retried(invoice) else ()
    count = invoice["attempt_count"]
    next_attempt = account.now + retries[count] if count < len(retries) else None
    changes = {"attempt_count": count + counts, "attempted": True, "next_payment_attempt": next_attempt}
    account.change(invoice, changes, event="invoice.updated")
    due.set_due(account, invoice)


def _is_retried(invoice: Object) -> bool:
    return bool(invoice["auto_advance"]) and invoice["billing_reason"] != "subscription_create"


def stop_collecting(account: Account, subscription_id: str) -> None:
    """Make no further attempts to collect a subscription's unpaid invoices."""
    for invoice in list(account.store.scan("invoice", index=("subscription", subscription_id))):
        if invoice["status"] in {"draft", "open"}:
            account.change(invoice, {"auto_advance": False, "next_payment_attempt": None}, event="invoice.updated")
            due.set_due(account, invoice)


def void(account: Account, invoice: Object) -> None:
    """Void an invoice, cancel its payments, and give back the customer balance that it used."""
    changes = {
        "auto_advance": False,
        "next_payment_attempt": None,
        "status": "void",
        "status_transitions": invoice["status_transitions"] | {"voided_at": account.now},
    }
    account.change(invoice, changes, event="invoice.updated")
    due.set_due(account, invoice)
    account.emit("invoice.voided", invoice)
    balances.undo(account, invoice)
    invoice_payments.cancel_open(account, invoice, reason="void_invoice")


def mark_uncollectible(account: Account, invoice: Object) -> None:
    """Mark the invoice as uncollectible; its subscription does not change.

    Stripe's documentation does not say whether it would.
    """
    changes = {
        "next_payment_attempt": None,
        "status": "uncollectible",
        "status_transitions": invoice["status_transitions"] | {"marked_uncollectible_at": account.now},
    }
    account.change(invoice, changes, event="invoice.updated")
    due.set_due(account, invoice)
    _set_delinquent(account, invoice, delinquent=False)
    account.emit("invoice.marked_uncollectible", invoice)


def payment_of(account: Account, invoice: Object) -> Object | None:
    """Return the invoice's default payment, which links to its payment intent; None if no amount was due."""
    return invoice_payments.default_of(account, invoice)


def intent_of(account: Account, invoice: Object) -> Object:
    """Return the invoice's payment intent. Raises LookupError if it has none."""
    payment = payment_of(account, invoice)
    if payment is None:
        raise LookupError(f"{invoice['id']} has no payment intent")
    return account.find("payment_intent", payment["payment"]["payment_intent"])


def default_method(account: Account, invoice: Object) -> Object | None:
    """Return the payment method for the invoice: its own, else its subscription's, else its customer's."""
    subscription = subscription_state.of_invoice(account, invoice)
    customer = account.find("customer", invoice["customer"])
    chosen = invoice["default_payment_method"]
    if not chosen and subscription:
        return subscription_state.payment_method(account, subscription)
    chosen = chosen or customer["invoice_settings"]["default_payment_method"]
    method = account.get("payment_method", chosen) if chosen else None
    return method if method and method["customer"] == customer["id"] else None


def _new(
    account: Account, customer_id: str, currency: str, found: list[Object], *, reason: str, more: list[Line]
) -> Object:
    customer = account.find("customer", customer_id)
    invoice = shapes.invoice(
        customer=customer,
        currency=currency,
        created=account.now,
        billing_reason=reason,
        lines=[*map(lines.of_item, found), *more],
    )
    settings = customer["invoice_settings"]
    return invoice | {"custom_fields": settings["custom_fields"], "footer": settings["footer"]}


def _unsaved(
    account: Account,
    subscription: Object,
    found: list[Object],
    *,
    reason: str,
    lines: list[Line],
    period: tuple[int, int] | None,
) -> Object:
    """Return a new invoice of the subscription without its amounts."""
    invoice = _new(account, subscription["customer"], subscription["currency"], found, reason=reason, more=lines)
    invoice["parent"] = shapes.parent(subscription)
    invoice["period_start"], invoice["period_end"] = period or (period_start(subscription), account.now)
    invoice["collection_method"] = subscription["collection_method"]
    if subscription["collection_method"] == "send_invoice":
        invoice["due_date"] = account.now + (subscription["days_until_due"] or 0) * DAY
    invoice["discounts"] = [discount["id"] for discount in discounts.active(account, subscription)]
    return invoice


def _save_new(account: Account, invoice: Object, found: list[Object]) -> Object:
    for item in found:
        account.change(item, {"invoice": invoice["id"]})
    amounts.compute(account, invoice)
    return account.add(invoice, event="invoice.created")


def _set_delinquent(account: Account, invoice: Object, *, delinquent: bool) -> None:
    customer = account.get("customer", invoice["customer"])
    if customer and customer["delinquent"] != delinquent:
        account.change(customer, {"delinquent": delinquent}, event="customer.updated")


def _purpose(invoice: Object) -> Purpose:
    return Purpose(
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        metadata={},
        description=DESCRIPTIONS.get(invoice["billing_reason"], LATER_DESCRIPTION),
        setup_future_usage="off_session" if invoice["parent"] else None,
        order_reference=invoice["id"] if invoice["parent"] else None,
    )


def _next_number(account: Account, invoice: Object) -> str:
    """Return the customer's next invoice number, and update the customer's sequence and currency."""
    customer = account.find("customer", invoice["customer"])
    number = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = number + 1
    account.change(customer, {"currency": customer["currency"] or invoice["currency"]}, event="customer.updated")
    return f"{customer['invoice_prefix']}-{number:04}"

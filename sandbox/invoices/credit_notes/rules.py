"""Issue, change and void credit notes.

A credit note first reduces what remains of the invoice, its amount before payment. The rest, after payment, is
refunded, credited to the customer's balance, or given outside Stripe. https://docs.stripe.com/api/credit_notes
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params, given
from sandbox.invoices import manual_payment
from sandbox.invoices.balances import rules as balances
from sandbox.invoices.credit_notes import request, shapes
from sandbox.invoices.payments import rules as invoice_payments
from sandbox.payments.refunds import rules as refunds

MAX_MEMO = 5000


def issue(account: Account, params: Params) -> Object:
    """Issue a credit note for a finalized invoice."""
    invoice = request.invoice(account, params)
    note = shapes.credit_note(
        invoice=invoice,
        number=_number(account, invoice),
        credited=request.lines(params, invoice),
        created=account.now,
        members=_members(params),
    )
    linked = _linked_refunds(account, params)
    linked_amount = sum(each["amount_refunded"] for each in linked)
    request.check_total(invoice, note["total"], refunded=_refunded_alone(account, invoice) - linked_amount)
    before = min(note["total"], invoice["amount_remaining"])
    after = note["total"] - before
    request.check_split(params, invoice, linked=linked_amount, after_payment=after)
    note |= {
        "post_payment_amount": after,
        "pre_payment_amount": before,
        "refunds": linked,
        "type": _kind(before, after),
    }
    _give_back(account, note, invoice, params)
    account.add(note, event="credit_note.created")
    _reduce(account, invoice, before=before, after=after)
    return note


def change(account: Account, note: Object, params: Params) -> Object:
    """Change the memo and the metadata."""
    changes = _members(params)
    if "metadata" in params:
        changes["metadata"] = metadata.merged(note["metadata"], params)
    return account.change(note, changes, event="credit_note.updated")


def void(account: Account, note: Object) -> Object:
    """Void a credit note of an invoice that is still open, which is owed in full again."""
    invoice = account.find("invoice", note["invoice"])
    if note["status"] == "void" or invoice["status"] != "open":
        raise ApiError.invalid("You can only void a credit note that is issued and whose invoice is open.")
    account.change(note, {"status": "void", "voided_at": account.now}, event="credit_note.voided")
    _reduce(account, invoice, before=-note["pre_payment_amount"], after=0)
    return note


def _members(params: Params) -> dict[str, Any]:
    members: dict[str, Any] = given(params, "effective_at", "out_of_band_amount", "reason")
    if "memo" in params:
        members["memo"] = limits.text(params["memo"], param="memo", longest=MAX_MEMO)
    if "metadata" in params:
        members["metadata"] = metadata.merged({}, params)
    return members


def _kind(before: int, after: int) -> str:
    if before and after:
        return "mixed"
    return "post_payment" if after else "pre_payment"


def _number(account: Account, invoice: Object) -> str:
    issued = sum(1 for _ in account.store.scan("credit_note", index=("invoice", invoice["id"])))
    return f"{invoice['number']}-CN-{issued + 1:02}"


def _linked_refunds(account: Account, params: Params) -> list[Object]:
    found = []
    for index, each in enumerate(params.get("refunds", [])):
        if "payment_record_refund" in each or each.get("type") == "payment_record_refund":
            raise ApiError.unsupported_parameter(f"refunds[{index}][payment_record_refund]")
        refund = account.find("refund", each.get("refund", ""), param=f"refunds[{index}][refund]")
        found.append(shapes.refund_entry(refund, each.get("amount_refunded", refund["amount"])))
    return found


def _refunded_alone(account: Account, invoice: Object) -> int:
    """Return what was refunded of the invoice's payments by refunds that are on no credit note."""
    on_notes = {
        each["refund"]
        for note in account.store.scan("credit_note", index=("invoice", invoice["id"]))
        for each in note["refunds"]
    }
    intents = [payment["payment"].get("payment_intent") for payment in invoice_payments.of_invoice(account, invoice)]
    return sum(
        refund["amount"]
        for intent_id in intents
        if intent_id
        for refund in account.store.scan("refund", index=("payment_intent", intent_id))
        if refund["id"] not in on_notes
    )


def _give_back(account: Account, note: Object, invoice: Object, params: Params) -> None:
    """Refund and credit what the request says, and name it in the note."""
    if amount := params.get("refund_amount"):
        refund = refunds.create(
            account, _charge(account, invoice), amount=amount, members={"metadata": {}, "reason": None}
        )
        note["refunds"] = [*note["refunds"], shapes.refund_entry(refund, amount)]
    if amount := params.get("credit_amount"):
        transaction = balances.adjust(
            account,
            invoice["customer"],
            amount=-amount,
            kind="credit_note",
            currency=invoice["currency"],
            credit_note=note["id"],
            invoice=invoice["id"],
        )
        note["customer_balance_transaction"] = transaction["id"]


def _charge(account: Account, invoice: Object) -> Object:
    """Return the charge of the invoice's payment. Raises ApiError (400) if no payment was charged by Stripe."""
    for payment in invoice_payments.of_invoice(account, invoice):
        intent_id = payment["payment"].get("payment_intent")
        if payment["status"] == "paid" and intent_id:
            return account.find("charge", account.find("payment_intent", intent_id)["latest_charge"])
    raise ApiError.invalid("This invoice has no charge to refund.", param="refund_amount")


def _reduce(account: Account, invoice: Object, *, before: int, after: int) -> None:
    """Reduce what remains of the invoice; it is paid if nothing does."""
    changes = {
        "amount_due": invoice["amount_due"] - before,
        "amount_remaining": invoice["amount_remaining"] - before,
        "post_payment_credit_notes_amount": invoice["post_payment_credit_notes_amount"] + after,
        "pre_payment_credit_notes_amount": invoice["pre_payment_credit_notes_amount"] + before,
    }
    account.change(invoice, changes, event="invoice.updated")
    if before and not invoice["amount_remaining"]:
        manual_payment.finish_without_payment(account, invoice)
    elif before:
        invoice_payments.ask_for_rest(account, invoice)

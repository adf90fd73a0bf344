"""Handle requests for the hosted invoice page, where an open invoice can be paid, and for receipts."""

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.invoices import manual_payment
from sandbox.local_stripe import LocalStripe
from sandbox.pages import card_form, rendering
from sandbox.pages.card_form import Refusal
from sandbox.pages.invoices import invoice_text
from sandbox.payments import card_entry
from sandbox.payments.shapes import billing_details


def show_invoice(sandbox: LocalStripe, _request: Request, invoice_id: str) -> Response:
    """Show a finalized invoice; a draft has no page."""
    with sandbox.transaction():
        invoice = sandbox.account.get("invoice", invoice_id)
    if invoice is None or invoice["status"] == "draft":
        return _not_found()
    return _page(invoice, typed={})


def pay(sandbox: LocalStripe, request: Request, invoice_id: str) -> Response:
    """Handle the card form: fill in a test card, show 3-D Secure, pay the invoice, or show the error."""
    account = sandbox.account
    typed = card_form.typed(request)
    with sandbox.transaction():
        invoice = account.get("invoice", invoice_id)
        if invoice is None or invoice["status"] == "draft":
            return _not_found()
        if filled := card_form.filled_test_card(request, now=account.now):
            return _page(invoice, typed=typed | filled)
        if _can_be_paid(invoice):
            return _pay(account, invoice, typed, authenticate=request.form.get("authentication"))
    return rendering.see_other(f"/invoice/{invoice_id}")


def show_receipt(sandbox: LocalStripe, _request: Request, charge_id: str) -> Response:
    """Show the receipt of a successful charge."""
    with sandbox.transaction():
        charge = sandbox.account.get("charge", charge_id)
        if charge is None or not charge["paid"]:
            return rendering.not_found("There is no such receipt.")
        return rendering.page("invoice.html", text=invoice_text.of_charge(sandbox.account, charge), is_payable=False)


def _pay(account: Account, invoice: Object, typed: dict[str, str], *, authenticate: str | None) -> Response:
    payer = billing_details(email=invoice["customer_email"], name=typed["name"] or invoice["customer_name"])
    try:
        card = card_form.card(typed, authenticate=authenticate)
        method = card_entry.save(account, card, payer=payer)
    except ApiError as error:
        if error.code == "authentication_required":
            return _authentication_page(invoice, typed)
        return _page(invoice, typed=typed, refusal=Refusal.of(error))
    decline = manual_payment.pay_on_page(account, invoice, method)
    if decline is not None:
        return _page(invoice, typed=typed, refusal=Refusal.of(decline.error()))
    return rendering.see_other(f"/invoice/{invoice['id']}")


def _authentication_page(invoice: Object, typed: Mapping[str, str]) -> Response:
    text = invoice_text.of_invoice(invoice)
    return rendering.page("authentication.html", heading=text.heading, amount=text.amount, typed=typed)


def _page(invoice: Object, *, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    return rendering.page(
        "invoice.html",
        status=402 if refusal else 200,
        text=invoice_text.of_invoice(invoice),
        is_payable=_can_be_paid(invoice),
        typed=typed,
        refusal=refusal,
        test_cards=card_form.TEST_CARDS,
    )


def _can_be_paid(invoice: Object) -> bool:
    return invoice["status"] in manual_payment.PAYABLE and invoice["amount_due"] > 0


def _not_found() -> Response:
    return rendering.not_found("There is no such invoice.")

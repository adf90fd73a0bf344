"""Routes of invoices. Subscriptions and checkouts create theirs; drafts/ has those that a request creates."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, sublists
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import manual_payment, rules
from sandbox.invoices.drafts import rules as drafts
from sandbox.invoices.payments import rules as invoice_payments
from sandbox.invoices.sending import rules as sending
from sandbox.payments import payment_method_routes
from sandbox.payments.cards import Decline


def create(account: Account, params: Params) -> Object:
    return drafts.create(account, params)


def retrieve(account: Account, _params: Params, invoice_id: str) -> Object:
    return account.find("invoice", invoice_id)


def update(account: Account, params: Params, invoice_id: str) -> Object:
    return drafts.change(account, account.find("invoice", invoice_id), params)


def delete(account: Account, _params: Params, invoice_id: str) -> Object:
    return drafts.delete(account, account.find("invoice", invoice_id))


def list_all(account: Account, params: Params) -> Object:
    """List invoices, by subscription, customer, status, collection method or due date."""
    limits.refuse_unsupported(params, "customer_account")
    first, last = listing.created_range(params.get("due_date"))
    return listing.page(
        account,
        "invoice",
        params,
        index=listing.indexed("invoice", params),
        where=lambda invoice: "due_date" not in params or _is_within(invoice["due_date"], first, last),
    )


def lines(account: Account, params: Params, invoice_id: str) -> Object:
    """List the lines of an invoice, or of a preview that has more of them than its answer showed."""
    invoice = account.get("_preview", invoice_id) or account.find("invoice", invoice_id)
    return sublists.page(invoice["lines"], params)


def finalize(account: Account, params: Params, invoice_id: str) -> Object:
    """Finalize a draft; with no amount due it is paid at once. `auto_advance` sets whether Stripe collects it."""
    invoice = account.find("invoice", invoice_id)
    if invoice["status"] != "draft":
        raise ApiError.invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    if "auto_advance" in params:
        account.change(invoice, {"auto_advance": params["auto_advance"]})
    manual_payment.finalize(account, invoice)
    return invoice


def pay(account: Account, params: Params, invoice_id: str) -> Object:
    """Pay an invoice now, with `payment_method` or else its own, its subscription's or its customer's.

    Raises ApiError: 400 for an invoice that can't be paid, 402 if the card is declined or needs authentication.
    """
    limits.refuse_unsupported(params, "forgive", "mandate", "source")
    invoice = account.find("invoice", invoice_id)
    if invoice["status"] == "draft":
        rules.finalize(account, invoice)
    _require_status(
        invoice, manual_payment.PAYABLE, "Invoice is already paid" if invoice["status"] == "paid" else None
    )
    if params.get("paid_out_of_band"):
        manual_payment.mark_paid_out_of_band(account, invoice)
        return invoice
    method = _method(account, invoice, params) if invoice["amount_remaining"] else None
    decline = manual_payment.pay(account, invoice, method, on_session=not params.get("off_session", True))
    if decline is not None:
        raise _refusal(account, invoice, decline)
    return invoice


def send(account: Account, _params: Params, invoice_id: str) -> Object:
    """Send the invoice to its customer; a draft is finalized first."""
    invoice = account.find("invoice", invoice_id)
    if invoice["collection_method"] != "send_invoice":
        raise ApiError.invalid(
            "You can only manually send an invoice if its collection method is 'send_invoice'.",
        )
    if invoice["status"] == "draft":
        rules.finalize(account, invoice)
    _require_status(invoice, {"open", "paid"})
    sending.send(account, invoice)
    if not invoice["amount_remaining"] and invoice["status"] == "open":
        rules.mark_paid(account, invoice)
    return invoice


def void(account: Account, _params: Params, invoice_id: str) -> Object:
    """Void an open or uncollectible invoice."""
    invoice = account.find("invoice", invoice_id)
    _require_status(invoice, {"open", "uncollectible"})
    manual_payment.void(account, invoice)
    return invoice


def mark_uncollectible(account: Account, _params: Params, invoice_id: str) -> Object:
    """Mark an open invoice as uncollectible; it can still be paid."""
    invoice = account.find("invoice", invoice_id)
    _require_status(invoice, {"open"})
    manual_payment.mark_uncollectible(account, invoice)
    return invoice


@provides("invoice", "payments")
def payments_of(account: Account, invoice: Object) -> Object:
    """Return an invoice's payments, for `expand`."""
    return listing.embedded(invoice_payments.of_invoice(account, invoice), url="/v1/invoices/payments")


@provides("invoice", "confirmation_secret")
def confirmation_secret(account: Account, invoice: Object) -> Object | None:
    """Return the invoice's client secret, for `expand`; None without a payment intent."""
    if rules.payment_of(account, invoice) is None:
        return None
    return {"client_secret": rules.intent_of(account, invoice)["client_secret"], "type": "payment_intent"}


def _method(account: Account, invoice: Object, params: Params) -> Object:
    customer = account.find("customer", invoice["customer"])
    if "payment_method" in params:
        return payment_method_routes.attached(account, params["payment_method"], customer, param="payment_method")
    method = rules.default_method(account, invoice)
    if method is None:
        raise ApiError.invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method`."
        )
    return method


def _refusal(account: Account, invoice: Object, decline: Decline) -> ApiError:
    if rules.intent_of(account, invoice)["status"] == "requires_action":
        return ApiError.card(
            "This payment requires additional user action before it can be completed successfully. Payment can be "
            "completed using the PaymentIntent associated with the invoice.",
            code="invoice_payment_intent_requires_action",
        )
    return decline.error()


def _require_status(invoice: Object, statuses: set[str], message: str | None = None) -> None:
    if invoice["status"] not in statuses:
        raise ApiError.invalid(
            message or f"This is not possible for an invoice whose status is `{invoice['status']}`.",
            code="status_transition_invalid" if message is None else None,
        )


def _is_within(moment: int | None, first: int | None, last: int | None) -> bool:
    return moment is not None and (first is None or moment >= first) and (last is None or moment <= last)


ROUTES: Routes = [
    ("POST", "/v1/invoices", create),
    ("GET", "/v1/invoices", list_all),
    ("GET", "/v1/invoices/<invoice_id>", retrieve),
    ("POST", "/v1/invoices/<invoice_id>", update),
    ("DELETE", "/v1/invoices/<invoice_id>", delete),
    ("GET", "/v1/invoices/<invoice_id>/lines", lines),
    ("POST", "/v1/invoices/<invoice_id>/finalize", finalize),
    ("POST", "/v1/invoices/<invoice_id>/pay", pay),
    ("POST", "/v1/invoices/<invoice_id>/send", send),
    ("POST", "/v1/invoices/<invoice_id>/void", void),
    ("POST", "/v1/invoices/<invoice_id>/mark_uncollectible", mark_uncollectible),
]

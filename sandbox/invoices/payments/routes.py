"""Routes of invoice payments, and the one that attaches a payment to an invoice."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import manual_payment


def retrieve(account: Account, _params: Params, payment_id: str) -> Object:
    return account.find("invoice_payment", payment_id)


def list_all(account: Account, params: Params) -> Object:
    """List the payments of an invoice, or the invoice payments of a payment intent or record."""
    wanted = listing.given(params, "invoice", "status")
    index = ("invoice", params["invoice"]) if "invoice" in params else None
    named = params.get("payment", {})
    if name := next((name for name in ("payment_intent", "payment_record") if name in named), None):
        index = (name, named[name])
    return listing.page(
        account,
        "invoice_payment",
        params,
        index=index,
        where=lambda found: listing.matches(found, wanted) and listing.matches(found["payment"], named),
    )


def attach(account: Account, params: Params, invoice_id: str) -> Object:
    """Add a payment intent to an open invoice, which can then be paid in several parts."""
    limits.refuse_unsupported(params, "payment_record")
    if "payment_intent" not in params:
        raise ApiError.missing_parameter("payment_intent")
    invoice = account.find("invoice", invoice_id)
    intent = account.find("payment_intent", params["payment_intent"], param="payment_intent")
    if invoice["status"] not in manual_payment.PAYABLE:
        raise ApiError.invalid(f"You can't attach a payment to an invoice whose status is `{invoice['status']}`.")
    if any(account.store.scan("invoice_payment", index=("payment_intent", intent["id"]))):
        raise ApiError.invalid("This PaymentIntent is already attached to an invoice.", param="payment_intent")
    for name in ("currency", "customer"):
        if intent[name] != invoice[name]:
            raise ApiError.invalid(
                f"The PaymentIntent's {name} (`{intent[name]}`) must be the invoice's (`{invoice[name]}`).",
                param="payment_intent",
            )
    if intent["status"] == "canceled":
        raise ApiError.invalid("A canceled PaymentIntent can't be attached.", param="payment_intent")
    manual_payment.attach_intent(account, invoice, intent)
    return invoice


ROUTES: Routes = [
    ("POST", "/v1/invoices/<invoice_id>/attach_payment", attach),
    ("GET", "/v1/invoice_payments", list_all),
    ("GET", "/v1/invoice_payments/<payment_id>", retrieve),
]

"""Read-only routes of payment intents, charges and invoice payments."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes


def retrieve_intent(account: Account, params: Params, intent_id: str) -> Object:
    limits.refuse_unsupported(params, "client_secret")
    return account.find("payment_intent", intent_id)


def list_intents(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, "customer_account")
    return _list(account, "payment_intent", params, "customer")


def retrieve_charge(account: Account, _params: Params, charge_id: str) -> Object:
    return account.find("charge", charge_id)


def list_charges(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, "transfer_group")
    return _list(account, "charge", params, "payment_intent", "customer")


def retrieve_invoice_payment(account: Account, _params: Params, payment_id: str) -> Object:
    return account.find("invoice_payment", payment_id)


def list_invoice_payments(account: Account, params: Params) -> Object:
    """List the payments of an invoice, or the invoice payments of a payment intent."""
    wanted = listing.given(params, "invoice", "status")
    index = ("invoice", params["invoice"]) if "invoice" in params else None
    if payment := params.get("payment"):
        limits.refuse_unsupported(payment, "payment_record")
        index = ("payment_intent", payment.get("payment_intent", ""))
    return listing.page(
        account,
        "invoice_payment",
        params,
        index=index,
        where=lambda found: listing.matches(found, wanted),
    )


def _list(account: Account, kind: str, params: Params, *filters: str) -> Object:
    """List by the given filters; the first of them uses its index."""
    wanted = listing.given(params, *filters)
    return listing.page(
        account,
        kind,
        params,
        index=next(iter(wanted.items()), None),
        where=lambda found: listing.matches(found, wanted),
    )


ROUTES: Routes = [
    ("GET", "/v1/payment_intents", list_intents),
    ("GET", "/v1/payment_intents/<intent_id>", retrieve_intent),
    ("GET", "/v1/charges", list_charges),
    ("GET", "/v1/charges/<charge_id>", retrieve_charge),
    ("GET", "/v1/invoice_payments", list_invoice_payments),
    ("GET", "/v1/invoice_payments/<payment_id>", retrieve_invoice_payment),
]

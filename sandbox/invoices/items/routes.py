"""The `/v1/invoiceitems` routes."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices.items import rules


def create(account: Account, params: Params) -> Object:
    """Create an invoice item, on the draft `invoice` if there is one, else pending."""
    invoice = account.find("invoice", params["invoice"], param="invoice") if "invoice" in params else None
    if invoice and invoice["status"] != "draft":
        raise ApiError.invalid("You can only add items to draft invoices.", code="invoice_not_editable")
    customer_id = params.get("customer") or (invoice["customer"] if invoice else None)
    if customer_id is None:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", customer_id, param="customer")
    if invoice and invoice["customer"] != customer["id"]:
        raise ApiError.missing("invoice", invoice["id"], param="invoice", status=400)
    return rules.create(account, params, customer=customer, invoice=invoice)


def retrieve(account: Account, _params: Params, item_id: str) -> Object:
    return account.find("invoiceitem", item_id)


def update(account: Account, params: Params, item_id: str) -> Object:
    return rules.change(account, account.find("invoiceitem", item_id), params)


def delete(account: Account, _params: Params, item_id: str) -> Object:
    return rules.delete(account, account.find("invoiceitem", item_id))


def list_all(account: Account, params: Params) -> Object:
    """List invoice items, by invoice or customer; `pending` ones are on no invoice."""
    limits.refuse_unsupported(params, "customer_account")
    wanted = listing.given(params, "customer", "invoice")
    return listing.page(
        account,
        "invoiceitem",
        params,
        index=next(((name, params[name]) for name in ("invoice", "customer") if name in params), None),
        where=lambda item: (
            listing.matches(item, wanted)
            and ("pending" not in params or (item["invoice"] is None) == params["pending"])
        ),
    )


ROUTES: Routes = [
    ("POST", "/v1/invoiceitems", create),
    ("GET", "/v1/invoiceitems", list_all),
    ("GET", "/v1/invoiceitems/<item_id>", retrieve),
    ("POST", "/v1/invoiceitems/<item_id>", update),
    ("DELETE", "/v1/invoiceitems/<item_id>", delete),
]

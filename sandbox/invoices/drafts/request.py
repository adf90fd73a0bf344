"""Read and check the parameters of `invoices.create` and `invoices.update`."""

from typing import Any

from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.discounts import rules as discounts
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.catalog.discounts.redeeming import Basket
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices.sending import due
from sandbox.payments import payment_method_routes

UNSUPPORTED = (
    "account_tax_ids",
    "application_fee_amount",
    "customer_account",
    "default_source",
    "from_invoice",
    "on_behalf_of",
    "shipping_cost",
    "shipping_details",
    "transfer_data",
)
# What can still be changed after an invoice is finalized.
CHANGEABLE = frozenset({"auto_advance", "default_payment_method", "metadata", "payment_settings"})
MOST_FIELDS = 4
MAX_DESCRIPTION = 1500
MAX_STATEMENT_DESCRIPTOR = 22
MAX_NUMBER = 26


def refuse_unsupported(params: Params) -> None:
    """Refuse what the sandbox does not play: taxes, shipping, Connect, revisions."""
    limits.refuse_unsupported(params, *UNSUPPORTED)
    if params.get("automatic_tax", {}).get("enabled"):
        raise ApiError.unsupported_parameter("automatic_tax[enabled]")
    if params.get("default_tax_rates"):
        raise ApiError.unsupported_parameter("default_tax_rates")
    if "account" in params.get("issuer", {}):
        raise ApiError.unsupported_parameter("issuer[account]")
    limits.refuse_unsupported(params.get("rendering", {}), "template", "template_version", within="rendering")


def members(account: Account, params: Params, invoice: Object) -> dict[str, Any]:
    """Return the members that the request sets, except lines and discounts; `invoice` has those before."""
    refuse_unsupported(params)
    given = _texts(params) | _collection(account, params, invoice)
    if "default_payment_method" in params:
        customer = account.find("customer", invoice["customer"])
        method = payment_method_routes.attached(
            account, params["default_payment_method"], customer, param="default_payment_method"
        )
        given["default_payment_method"] = method["id"]
    if "custom_fields" in params:
        given["custom_fields"] = limits.items(params["custom_fields"] or [], param="custom_fields", most=4) or None
    if "effective_at" in params:
        given["effective_at"] = params["effective_at"] or None
    if "metadata" in params:
        given["metadata"] = metadata.merged(invoice["metadata"], params)
    if "payment_settings" in params:
        given["payment_settings"] = _payment_settings(params["payment_settings"], invoice)
    if "rendering" in params:
        given["rendering"] = _rendering(params["rendering"], invoice)
    return given


def redeem(account: Account, params: Params, invoice: Object) -> list[str]:
    """Redeem the request's `discounts` on the invoice and return their ids; present ones can be named to keep them."""
    parts = [Part(line["amount"], line["pricing"]["price_details"]["product"]) for line in invoice["lines"]["data"]]
    basket = Basket(parts=parts or [Part(0, "")], currency=invoice["currency"], customer=invoice["customer"])
    found: list[str] = []
    for index, each in enumerate(params["discounts"] or []):
        path = f"discounts[{index}]"
        if "discount" in each:
            found.append(account.find("discount", each["discount"], param=f"{path}[discount]")["id"])
        else:
            redemption = discount_request.redemption(account, each, basket, path)
            owner = {"invoice": invoice["id"]}
            customer, currency = invoice["customer"], invoice["currency"]
            found.append(discounts.add_to_bill(account, redemption, customer=customer, currency=currency, owner=owner))
    return found


def _texts(params: Params) -> dict[str, Any]:
    longest = {
        "description": MAX_DESCRIPTION,
        "footer": limits.MAX_TEXT,
        "number": MAX_NUMBER,
        "statement_descriptor": MAX_STATEMENT_DESCRIPTOR,
    }
    return {
        name: limits.text(params[name], param=name, longest=most) or None
        for name, most in longest.items()
        if name in params
    }


def _collection(account: Account, params: Params, invoice: Object) -> dict[str, Any]:
    """Return how and when the invoice is collected: its method, due date, and automatic finalization."""
    method = params.get("collection_method", invoice["collection_method"])
    given: dict[str, Any] = {"collection_method": method} if "collection_method" in params else {}
    if "days_until_due" in params and "due_date" in params:
        raise ApiError.invalid("You may only specify one of these parameters: days_until_due, due_date.")
    if params.keys() & {"days_until_due", "due_date"} and method != "send_invoice":
        name = "due_date" if "due_date" in params else "days_until_due"
        raise ApiError.invalid(f"You can only set `{name}` if the `collection_method` is `send_invoice`.", param=name)
    if "due_date" in params:
        given["due_date"] = limits.future(params["due_date"], param="due_date", now=account.now)
    elif "days_until_due" in params:
        given["due_date"] = account.now + limits.amount(params["days_until_due"], param="days_until_due") * DAY
    elif method == "send_invoice" and invoice["due_date"] is None:
        raise ApiError.invalid(
            "If invoice collection method is `send_invoice`, you must specify `due_date` or `days_until_due`.",
            param="due_date",
        )
    elif method != "send_invoice":
        given["due_date"] = None
    return given | _finalization(account, params, invoice)


def _finalization(account: Account, params: Params, invoice: Object) -> dict[str, Any]:
    if not params.keys() & {"auto_advance", "automatically_finalizes_at"}:
        return {}
    advances = params.get("auto_advance", "automatically_finalizes_at" in params or invoice["auto_advance"])
    given: dict[str, Any] = {"auto_advance": advances}
    if invoice["status"] == "draft":
        at = params.get("automatically_finalizes_at", account.now + due.HOUR)
        given["automatically_finalizes_at"] = at if advances else None
    return given


def _payment_settings(given: Params, invoice: Object) -> Params:
    limits.refuse_unsupported(given, "default_mandate", "payment_method_options", within="payment_settings")
    types = given.get("payment_method_types", invoice["payment_settings"]["payment_method_types"])
    return {**invoice["payment_settings"], "payment_method_types": types or None}


def _rendering(given: Params, invoice: Object) -> Params:
    present = invoice["rendering"] or {"amount_tax_display": None, "pdf": None, "template": None}
    changed = {"amount_tax_display": given.get("amount_tax_display", present["amount_tax_display"]) or None}
    return {"template_version": None, **present, **changed, **({"pdf": given["pdf"]} if "pdf" in given else {})}

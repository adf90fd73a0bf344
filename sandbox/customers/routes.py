"""Customers: who buys. Nothing stops two of them from having the same e-mail address."""

import string
from random import SystemRandom
from typing import Any

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import subscription_state
from sandbox.subscriptions import rules as subscriptions

UNSUPPORTED = ("cash_balance", "default_source", "source", "tax", "tax_id_data", "test_clock")
LONGEST = {"business_name": 150, "description": 350, "individual_name": 150, "name": 256, "phone": 20}
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
PREFIX_LENGTH = 8


def create(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, *UNSUPPORTED, "payment_method")
    customer: Object = {
        "id": ids.new("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": account.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": "".join(SystemRandom().choices(string.ascii_uppercase + string.digits, k=PREFIX_LENGTH)),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata.merged({}, params),
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    customer |= _members(account, params, customer)
    return account.add(customer, event="customer.created")


def retrieve(account: Account, _params: Params, customer_id: str) -> Object:
    """Return the customer; of a deleted one Stripe still shows the stub."""
    customer = account.store.get("customer", customer_id)
    if customer is None:
        raise ApiError.missing("customer", customer_id)
    return customer


def update(account: Account, params: Params, customer_id: str) -> Object:
    limits.refuse_unsupported(params, *UNSUPPORTED)
    customer = account.find("customer", customer_id)
    changes = _members(account, params, customer)
    if "metadata" in params:
        changes["metadata"] = metadata.merged(customer["metadata"], params)
    return account.change(customer, changes, event="customer.updated")


def delete(account: Account, _params: Params, customer_id: str) -> Object:
    """Delete the customer for good, and cancel every subscription that still runs."""
    customer = account.find("customer", customer_id)
    for subscription in list(account.store.walk("subscription", linked=("customer", customer_id))):
        if not subscription_state.has_ended(subscription):
            subscriptions.end(account, subscription, details={})
    return account.remove(customer, event="customer.deleted")


def list_all(account: Account, params: Params) -> Object:
    """List customers, by e-mail address when one is given: exactly that, in its case."""
    limits.refuse_unsupported(params, "test_clock")
    return listing.page(
        account,
        "customer",
        params,
        url="/v1/customers",
        linked=("email", params["email"]) if "email" in params else None,
    )


def _members(account: Account, params: Params, customer: Object) -> dict[str, Any]:
    """Return the members that the request sets, checked; an empty text is how it says "none"."""
    members = listing.given(params, "balance", "invoice_prefix", "next_invoice_sequence", "preferred_locales")
    members |= {
        name: limits.text(params[name], param=name, longest=longest) or None
        for name, longest in LONGEST.items()
        if name in params
    }
    if "email" in params:
        members["email"] = limits.email(params["email"], param="email")
    if "tax_exempt" in params:
        members["tax_exempt"] = params["tax_exempt"] or "none"
    if "address" in params:
        members["address"] = _address(params["address"])
    if "shipping" in params:
        members["shipping"] = _shipping(params["shipping"])
    if "invoice_settings" in params:
        members["invoice_settings"] = _invoice_settings(account, params["invoice_settings"], customer)
    return members


def _address(given: Params | str) -> Params | None:
    return {name: given.get(name) for name in ADDRESS} if isinstance(given, dict) else None


def _shipping(given: Params | str) -> Params | None:
    if not isinstance(given, dict):
        return None
    return {"address": _address(given["address"]), "name": given["name"], "phone": given.get("phone")}


def _invoice_settings(account: Account, given: Params, customer: Object) -> Params:
    """Lay the given settings over the customer's own; a payment method must be attached to the customer."""
    if method_id := given.get("default_payment_method"):
        param = "invoice_settings[default_payment_method]"
        method = account.find("payment_method", method_id, param=param)
        if method["customer"] != customer["id"]:
            raise ApiError.invalid(
                f"The customer does not have a payment method with the ID {method_id}. The payment method must be "
                "attached to the customer.",
                param=param,
                code="resource_missing",
            )
    return {**customer["invoice_settings"], **{name: value or None for name, value in given.items()}}


ROUTES: Routes = [
    ("POST", "/v1/customers", create),
    ("GET", "/v1/customers", list_all),
    ("GET", "/v1/customers/<customer_id>", retrieve),
    ("POST", "/v1/customers/<customer_id>", update),
    ("DELETE", "/v1/customers/<customer_id>", delete),
]

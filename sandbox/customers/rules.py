"""Create, check and delete customers; deleting a customer cancels their subscriptions."""

import re
from typing import Any

from sandbox.core import clocked
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import shapes, tax_id_routes
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.invoices import subscription_state
from sandbox.invoices.balances import rules as balances
from sandbox.payments.methods import naming
from sandbox.subscriptions import rules as subscriptions

MAX_LENGTHS = {"business_name": 150, "description": 350, "individual_name": 150, "name": 256, "phone": 20}
INVOICE_PREFIX = re.compile("[A-Z0-9]{3,12}")
DEFAULT_CURRENCY = "usd"
CUSTOMERS_PER_CLOCK = 3
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def create(account: Account, params: Params) -> Object:
    """Create a customer from the parameters of `customers.create`."""
    if "test_clock" in params:
        _check_clock(account, params["test_clock"])
    customer = shapes.customer(created=account.now, metadata=metadata.merged({}, params))
    customer |= request_members(account, params, customer)
    if balance := params.get("balance"):
        customer |= {"balance": balance, "currency": DEFAULT_CURRENCY}
    account.add(customer, event="customer.created")
    if balance:
        balances.record(account, customer, amount=balance, kind="initial", currency=DEFAULT_CURRENCY)
    for tax_id in params.get("tax_id_data", []):
        tax_id_routes.add(account, customer["id"], tax_id)
    return customer


def _check_clock(account: Account, clock_id: str) -> None:
    """Check that a customer can be added to the clock, which `account.add` will do."""
    clock = account.find(clocked.CLOCK, clock_id, param="test_clock")
    if account.store.count("customer", ("test_clock", clock["id"])) >= CUSTOMERS_PER_CLOCK:
        raise ApiError.invalid(f"A test clock can have at most {CUSTOMERS_PER_CLOCK} customers.", param="test_clock")


def change(account: Account, customer: Object, params: Params) -> Object:
    """Change a customer; another `balance` is an adjustment of it."""
    changes = request_members(account, params, customer)
    if "metadata" in params:
        changes["metadata"] = metadata.merged(customer["metadata"], params)
    difference = params.get("balance", customer["balance"]) - customer["balance"]
    if difference:
        currency = customer["currency"] or DEFAULT_CURRENCY
        changes |= {"balance": params["balance"], "currency": currency}
    account.change(customer, changes, event="customer.updated")
    if difference:
        balances.record(account, customer, amount=difference, kind="adjustment", currency=currency)
    return customer


def delete(account: Account, customer: Object) -> Object:
    """Delete the customer, and cancel every subscription that has not ended."""
    for subscription in list(account.store.scan("subscription", index=("customer", customer["id"]))):
        if not subscription_state.has_ended(subscription):
            subscriptions.end(account, subscription, details={})
    return account.remove(customer, event="customer.deleted")


def request_members(account: Account, params: Params, customer: Object) -> dict[str, Any]:
    """Return the checked members that the request sets; an empty text removes a value."""
    members = listing.given(params, "preferred_locales") | _numbering(params)
    members |= {
        name: limits.text(params[name], param=name, longest=longest) or None
        for name, longest in MAX_LENGTHS.items()
        if name in params
    }
    if "email" in params:
        members["email"] = limits.email(params["email"], param="email") if params["email"] else None
    if "tax_exempt" in params:
        members["tax_exempt"] = params["tax_exempt"] or "none"
    if "address" in params:
        members["address"] = _address(params["address"])
    if "shipping" in params:
        members["shipping"] = _shipping(params["shipping"])
    if "invoice_settings" in params:
        members["invoice_settings"] = _invoice_settings(account, params["invoice_settings"], customer)
    return members


def _numbering(params: Params) -> Params:
    """Return the checked prefix and next number of the customer's invoices, if given."""
    members = listing.given(params, "invoice_prefix", "next_invoice_sequence")
    if not INVOICE_PREFIX.fullmatch(members.get("invoice_prefix", "ABC")):
        raise ApiError.invalid(
            "Invoice prefixes must be 3 to 12 uppercase letters or numbers.", param="invoice_prefix"
        )
    limits.positive(members.get("next_invoice_sequence", 1), param="next_invoice_sequence")
    return members


def _address(given: Params | str) -> Params | None:
    return {name: given.get(name) for name in ADDRESS} if isinstance(given, dict) else None


def _shipping(given: Params | str) -> Params | None:
    if not isinstance(given, dict):
        return None
    return {"address": _address(given["address"]), "name": given["name"], "phone": given.get("phone")}


def _invoice_settings(account: Account, given: Params, customer: Object) -> Params:
    """Merge the given settings into the customer's; a payment method must be attached to the customer."""
    if method_id := given.get("default_payment_method"):
        param = "invoice_settings[default_payment_method]"
        method = account.find("payment_method", method_id, param=param)
        if method["customer"] != customer["id"]:
            raise naming.not_the_customers(method_id, param=param)
    return {**customer["invoice_settings"], **{name: value or None for name, value in given.items()}}

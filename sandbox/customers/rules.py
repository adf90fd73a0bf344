"""Create, check and delete customers; deleting a customer cancels their subscriptions."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import shapes
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.invoices import subscription_state
from sandbox.subscriptions import rules as subscriptions

MAX_LENGTHS = {"business_name": 150, "description": 350, "individual_name": 150, "name": 256, "phone": 20}
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def create(account: Account, params: Params) -> Object:
    """Create a customer from the parameters of `customers.create`."""
    customer = shapes.customer(created=account.now, metadata=metadata.merged({}, params))
    customer |= request_members(account, params, customer)
    return account.add(customer, event="customer.created")


def delete(account: Account, customer: Object) -> Object:
    """Delete the customer, and cancel every subscription that has not ended."""
    for subscription in list(account.store.scan("subscription", index=("customer", customer["id"]))):
        if not subscription_state.has_ended(subscription):
            subscriptions.end(account, subscription, details={})
    return account.remove(customer, event="customer.deleted")


def request_members(account: Account, params: Params, customer: Object) -> dict[str, Any]:
    """Return the checked members that the request sets; an empty text removes a value."""
    members = listing.given(params, "balance", "invoice_prefix", "next_invoice_sequence", "preferred_locales")
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
            raise ApiError.invalid(
                f"The customer does not have a payment method with the ID {method_id}. The payment method must be "
                "attached to the customer.",
                param=param,
                code="resource_missing",
            )
    return {**customer["invoice_settings"], **{name: value or None for name, value in given.items()}}

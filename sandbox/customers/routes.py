"""The `/v1/customers` routes. As at Stripe, several customers can have the same e-mail address."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import rules
from sandbox.http import limits, listing
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

UNSUPPORTED = ("cash_balance", "default_source", "source", "tax")


def create(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, *UNSUPPORTED, "payment_method")
    return rules.create(account, params)


def retrieve(account: Account, _params: Params, customer_id: str) -> Object:
    """Return the customer; of a deleted one, as Stripe does, only the id and `deleted: true`."""
    customer = account.store.get("customer", customer_id)
    if customer is None:
        raise ApiError.missing("customer", customer_id)
    return customer


def update(account: Account, params: Params, customer_id: str) -> Object:
    limits.refuse_unsupported(params, *UNSUPPORTED)
    customer = account.find("customer", customer_id)
    return rules.change(account, customer, params)


def delete(account: Account, _params: Params, customer_id: str) -> Object:
    return rules.delete(account, account.find("customer", customer_id))


def list_all(account: Account, params: Params) -> Object:
    """List customers; `email` matches exactly and is case-sensitive."""
    return listing.page(account, "customer", params, index=listing.indexed("customer", params))


@provides("customer", "tax")
def tax(_account: Account, customer: Object) -> Object:
    """Return how Stripe Tax locates the customer: by their address, if they have one."""
    address = customer["address"] or {}
    country = address.get("country")
    location = {"country": country, "source": "billing_address", "state": address.get("state")} if country else None
    return {
        "automatic_tax": "not_collecting" if country else "unrecognized_location",
        "ip_address": None,
        "location": location,
        "provider": "stripe",
    }


@provides("customer", "invoice_credit_balance")
def invoice_credit_balance(_account: Account, customer: Object) -> Object:
    """Return the balance by currency; empty while it is zero."""
    return {customer["currency"]: customer["balance"]} if customer["balance"] and customer["currency"] else {}


@provides("customer", "cash_balance")
def cash_balance(_account: Account, customer: Object) -> Object:
    """Return the cash balance: empty, because the sandbox plays no bank transfers."""
    return {
        "object": "cash_balance",
        "available": None,
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "settings": {"reconciliation_mode": "automatic", "using_merchant_default": True},
    }


ROUTES: Routes = [
    ("POST", "/v1/customers", create),
    ("GET", "/v1/customers", list_all),
    ("GET", "/v1/customers/<customer_id>", retrieve),
    ("POST", "/v1/customers/<customer_id>", update),
    ("DELETE", "/v1/customers/<customer_id>", delete),
]

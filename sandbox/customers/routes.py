"""The `/v1/customers` routes. As at Stripe, several customers can have the same e-mail address."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import rules
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

UNSUPPORTED = ("cash_balance", "default_source", "source", "tax", "tax_id_data", "test_clock")


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
    changes = rules.request_members(account, params, customer)
    if "metadata" in params:
        changes["metadata"] = metadata.merged(customer["metadata"], params)
    return account.change(customer, changes, event="customer.updated")


def delete(account: Account, _params: Params, customer_id: str) -> Object:
    return rules.delete(account, account.find("customer", customer_id))


def list_all(account: Account, params: Params) -> Object:
    """List customers; `email` matches exactly and is case-sensitive."""
    limits.refuse_unsupported(params, "test_clock")
    return listing.page(
        account,
        "customer",
        params,
        index=("email", params["email"]) if "email" in params else None,
    )


ROUTES: Routes = [
    ("POST", "/v1/customers", create),
    ("GET", "/v1/customers", list_all),
    ("GET", "/v1/customers/<customer_id>", retrieve),
    ("POST", "/v1/customers/<customer_id>", update),
    ("DELETE", "/v1/customers/<customer_id>", delete),
]

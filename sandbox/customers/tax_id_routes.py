"""Routes of customers' tax ids. The sandbox asks no authority about them, so they are never verified."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import shapes
from sandbox.http import limits, listing
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

MAX_VALUE = 100
MOST = 5


def create(account: Account, params: Params, customer_id: str) -> Object:
    account.find("customer", customer_id)
    if len(_of(account, customer_id)) == MOST:
        raise ApiError.invalid(f"A customer can have at most {MOST} tax IDs.")
    return add(account, customer_id, params)


def add(account: Account, customer_id: str, given: Params) -> Object:
    """Add a tax id, as its own request or as one of a new customer's `tax_id_data`."""
    value = limits.required_text(given["value"], param="value", longest=MAX_VALUE)
    tax_id = shapes.tax_id(customer_id, kind=given["type"], value=value, created=account.now)
    return account.add(tax_id, event="customer.tax_id.created")


def retrieve(account: Account, _params: Params, customer_id: str, tax_id: str) -> Object:
    found = account.find("tax_id", tax_id)
    if found["customer"] != customer_id:
        raise ApiError.missing("tax_id", tax_id)
    return found


def delete(account: Account, params: Params, customer_id: str, tax_id: str) -> Object:
    return account.remove(retrieve(account, params, customer_id, tax_id), event="customer.tax_id.deleted")


def list_all(account: Account, params: Params, customer_id: str) -> Object:
    account.find("customer", customer_id)
    page = listing.page(account, "tax_id", params, index=("customer", customer_id))
    return page | {"url": _url(customer_id)}


@provides("customer", "tax_ids")
def of_customer(account: Account, customer: Object) -> Object:
    """Return the customer's tax ids, for `expand`."""
    return listing.embedded(_of(account, customer["id"]), url=_url(customer["id"]))


def _of(account: Account, customer_id: str) -> list[Object]:
    return list(account.store.scan("tax_id", index=("customer", customer_id)))


def _url(customer_id: str) -> str:
    return f"/v1/customers/{customer_id}/tax_ids"


PATH = "/v1/customers/<customer_id>/tax_ids"
ROUTES: Routes = [
    ("POST", PATH, create),
    ("GET", PATH, list_all),
    ("GET", f"{PATH}/<tax_id>", retrieve),
    ("DELETE", f"{PATH}/<tax_id>", delete),
]

"""Routes of customer balance transactions, which only their description and metadata can change."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices.balances import rules

KIND = "customer_balance_transaction"
MAX_DESCRIPTION = 350


def create(account: Account, params: Params, customer_id: str) -> Object:
    """Add an amount to the balance: a negative one is credit, a positive one is billed with the next invoice."""
    customer = account.find("customer", customer_id)
    currency = limits.currency(params["currency"])
    if customer["currency"] not in {None, currency}:
        raise ApiError.invalid(
            f"The customer's currency is `{customer['currency']}`, so their balance can't be changed in `{currency}`.",
            param="currency",
        )
    if abs(params["amount"]) > limits.MAX_AMOUNT:
        raise ApiError.invalid(f"Invalid integer: {params['amount']}", param="amount")
    return rules.adjust(
        account,
        customer_id,
        amount=params["amount"],
        kind="adjustment",
        currency=currency,
        **_members(params, {}),
    )


def retrieve(account: Account, _params: Params, customer_id: str, transaction_id: str) -> Object:
    return _transaction(account, customer_id, transaction_id)


def update(account: Account, params: Params, customer_id: str, transaction_id: str) -> Object:
    transaction = _transaction(account, customer_id, transaction_id)
    return account.change(transaction, _members(params, transaction["metadata"]))


def list_all(account: Account, params: Params, customer_id: str) -> Object:
    """List a customer's transactions, of one invoice if `invoice` is given."""
    account.find("customer", customer_id)
    wanted = listing.given(params, "invoice")
    page = listing.page(
        account,
        KIND,
        params,
        index=("customer", customer_id),
        where=lambda transaction: listing.matches(transaction, wanted),
    )
    return page | {"url": f"/v1/customers/{customer_id}/balance_transactions"}


def _transaction(account: Account, customer_id: str, transaction_id: str) -> Object:
    transaction = account.find(KIND, transaction_id)
    if transaction["customer"] != customer_id:
        raise ApiError.missing(KIND, transaction_id)
    return transaction


def _members(params: Params, present: dict[str, str]) -> Params:
    members: Params = {}
    if "description" in params:
        members["description"] = limits.text(params["description"], param="description", longest=MAX_DESCRIPTION)
    if "metadata" in params:
        members["metadata"] = metadata.merged(present, params)
    return members


PATH = "/v1/customers/<customer_id>/balance_transactions"
ROUTES: Routes = [
    ("POST", PATH, create),
    ("GET", PATH, list_all),
    ("GET", f"{PATH}/<transaction_id>", retrieve),
    ("POST", f"{PATH}/<transaction_id>", update),
]

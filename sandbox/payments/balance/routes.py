"""Routes of the balance and of balance transactions."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments.balance import totals


def retrieve(account: Account, _params: Params, transaction_id: str) -> Object:
    return account.find("balance_transaction", transaction_id)


def list_all(account: Account, params: Params) -> Object:
    """List balance transactions, by source, type or currency."""
    limits.refuse_unsupported(params, "payout")
    wanted = listing.given(params, "currency", "source", "type")
    return listing.page(
        account,
        "balance_transaction",
        params,
        index=("source", params["source"]) if "source" in params else None,
        where=lambda found: listing.matches(found, wanted),
    )


def balance(account: Account, _params: Params) -> Object:
    """Return what was paid and not paid out: nothing is, so it only grows."""
    return totals.retrieve(account)


ROUTES: Routes = [
    ("GET", "/v1/balance", balance),
    ("GET", "/v1/balance_transactions", list_all),
    ("GET", "/v1/balance_transactions/<transaction_id>", retrieve),
]

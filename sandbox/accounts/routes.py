"""Routes of the account that the API key belongs to. Others are Connect's, which the sandbox does not play."""

from sandbox.accounts import shapes
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes


def retrieve_own(account: Account, _params: Params) -> Object:
    return shapes.account(account.id, created=account.created)


def retrieve(account: Account, params: Params, account_id: str) -> Object:
    """Return the own account by its id. Raises ApiError (403) for another, as Stripe does without access to it."""
    own = retrieve_own(account, params)
    if account_id != own["id"]:
        raise ApiError(
            f"The provided key does not have access to account '{account_id}' (or that account does not exist). "
            f"Application access may have been revoked.",
            status=403,
            code="account_invalid",
        )
    return own


def list_connected(_account: Account, _params: Params) -> Object:
    """List the accounts that are connected to this one: there are none."""
    return listing.embedded([], url="/v1/accounts")


ROUTES: Routes = [
    ("GET", "/v1/account", retrieve_own),
    ("GET", "/v1/accounts", list_connected),
    ("GET", "/v1/accounts/<account_id>", retrieve),
]

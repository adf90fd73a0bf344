"""The `/v1/subscription_items` route: list the items of a subscription."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import sublists
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.subscriptions import rules


def list_all(account: Account, params: Params) -> Object:
    subscription = account.find("subscription", params["subscription"], param="subscription")
    return sublists.page(rules.with_current_prices(account, subscription)["items"], params)


ROUTES: Routes = [("GET", "/v1/subscription_items", list_all)]

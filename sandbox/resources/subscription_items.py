"""The items of a subscription, as lists of their own."""

from sandbox import parts
from sandbox.account import Account
from sandbox.flows import subscriptions
from sandbox.listing import Params
from sandbox.resources import Routes
from sandbox.store import Object


def list_all(account: Account, params: Params) -> Object:
    subscription = account.find("subscription", params["subscription"], param="subscription")
    return parts.page(subscriptions.refreshed(account, subscription)["items"], params)


ROUTES: Routes = [("GET", "/v1/subscription_items", list_all)]

"""The `/v1/subscription_items` routes. Items live in their subscriptions, so a change is one of the subscription."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError, without
from sandbox.core.store import Object
from sandbox.http import sublists
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import subscription_state
from sandbox.subscriptions import rules
from sandbox.subscriptions.changes import request as change_request

# The parameters that say how the change is billed; the others describe the item.
BILLING = ("off_session", "payment_behavior", "proration_behavior", "proration_date")
ITEM = "items[0]"  # The item's name in the request of the subscription's change.
ENDED_MESSAGE = "You cannot change the items of a subscription that has ended."
INCOMPLETE_MESSAGE = "You cannot change the items of a subscription in the `incomplete` status."


def list_all(account: Account, params: Params) -> Object:
    subscription = account.find("subscription", params["subscription"], param="subscription")
    return sublists.page(rules.with_current_prices(account, subscription)["items"], params)


def create(account: Account, params: Params) -> Object:
    """Add an item to a subscription."""
    given = dict(params)
    subscription = account.find("subscription", given.pop("subscription"), param="subscription")
    known = {item["id"] for item in subscription["items"]["data"]}
    changed = _change(account, subscription, given, {})
    return next(item for item in changed["items"]["data"] if item["id"] not in known)


def retrieve(account: Account, _params: Params, item_id: str) -> Object:
    return _item(_subscription_of(account, item_id), item_id)


def update(account: Account, params: Params, item_id: str) -> Object:
    """Change an item's price, quantity or metadata."""
    changed = _change(account, _subscription_of(account, item_id), params, {"id": item_id})
    return _item(changed, item_id)


def delete(account: Account, params: Params, item_id: str) -> Object:
    """Remove an item from its subscription. `clear_usage` has no effect: usage is kept by meters."""
    billing = {name: value for name, value in params.items() if name != "clear_usage"}
    _change(account, _subscription_of(account, item_id), billing, {"id": item_id, "deleted": True})
    return {"id": item_id, "object": "subscription_item", "deleted": True}


def _change(account: Account, subscription: Object, params: Params, item: Params) -> Object:
    if subscription_state.has_ended(subscription):
        raise ApiError.invalid(ENDED_MESSAGE)
    if subscription["status"] == "incomplete":
        raise ApiError.invalid(INCOMPLETE_MESSAGE)
    billing = {name: params[name] for name in BILLING if name in params}
    described = {name: value for name, value in params.items() if name not in BILLING}
    rules.with_current_prices(account, subscription)
    with without(ITEM):
        return change_request.update(account, subscription, {**billing, "items": [{**described, **item}]})


def _subscription_of(account: Account, item_id: str) -> Object:
    """Return the subscription that has the item. Raises ApiError (404) if there is none."""
    found = next(account.store.scan("subscription", index=("item", item_id)), None)
    if found is None:
        raise ApiError.missing("subscription_item", item_id)
    return rules.with_current_prices(account, found)


def _item(subscription: Object, item_id: str) -> Object:
    found: Object = next(item for item in subscription["items"]["data"] if item["id"] == item_id)
    return found


ROUTES: Routes = [
    ("POST", "/v1/subscription_items", create),
    ("GET", "/v1/subscription_items", list_all),
    ("GET", "/v1/subscription_items/<item_id>", retrieve),
    ("POST", "/v1/subscription_items/<item_id>", update),
    ("DELETE", "/v1/subscription_items/<item_id>", delete),
]

"""Read and check the `items` of `subscriptions.update`: which items change, are added or are deleted."""

from dataclasses import replace

from sandbox.catalog.meters import usage
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import item_costs
from sandbox.subscriptions import create_request, scheduled_ends, shared_parameters
from sandbox.subscriptions.changes.rules import ItemChanges
from sandbox.subscriptions.create_request import ITEM_PARAMETERS, MAX_ITEMS

# `clear_usage` has no effect: usage is kept by meters.
ITEM_CHANGE_PARAMETERS = ITEM_PARAMETERS | {"clear_usage", "deleted", "id"}


def item_changes(account: Account, subscription: Object, params: Params) -> ItemChanges:
    """Return the subscription's items after the request; items that it does not mention stay as they are.

    As at Stripe, an item without an id is added, and a new price without a quantity resets the quantity to 1.
    """
    found = ItemChanges(
        kept=list(subscription["items"]["data"]),
        behavior=params.get("proration_behavior", "create_prorations"),
        date=proration_date(account, subscription, params),
        anchor=params.get("billing_cycle_anchor", {}).get("type"),
        end={name: params[name] for name in params.keys() & scheduled_ends.PARAMETERS},
        collects=params.get("payment_behavior") != "default_incomplete",
        is_away=params.get("off_session", False),
    )
    for index, given in enumerate(limits.items(params.get("items", []), param="items", most=MAX_ITEMS)):
        _apply_item(account, found, given, f"items[{index}]")
    if not found.kept and not found.added:
        raise ApiError.invalid(
            "A subscription must have at least one active plan. To cancel a subscription, please use the cancel API "
            "endpoint on a subscription.",
            param="items",
        )
    found.added = [replace(order, currency=subscription["currency"]) for order in found.added]
    prices = [item["price"] for item in found.kept] + [order.price for order in found.added]
    if "items" in params:
        mode = subscription["billing_mode"]["type"]
        shared_parameters.check_combination(prices, currency=subscription["currency"], mode=mode)
    costs = [item_costs.of_item(item) for item in found.kept]
    shared_parameters.check_amount(sum(costs) + sum(order.amount for order in found.added), subscription["currency"])
    return found


def proration_date(account: Account, subscription: Object, params: Params) -> int:
    """Return the moment to prorate from: `proration_date`, within the current period, or now."""
    if "proration_date" not in params:
        return account.now
    date: int = params["proration_date"]
    items = subscription["items"]["data"]
    first = min(item["current_period_start"] for item in items)
    last = max(item["current_period_end"] for item in items)
    if not first <= date <= last:
        raise ApiError.invalid(
            "Cannot specify proration date outside of current subscription period.", param="proration_date"
        )
    if params.get("billing_cycle_anchor", {}).get("type") == "now":
        raise ApiError.invalid(
            "You cannot specify `proration_date` when `billing_cycle_anchor=now`.", param="proration_date"
        )
    return date


def _apply_item(account: Account, found: ItemChanges, given: Params, path: str) -> None:
    given = create_request.with_price(given, path)
    for name in sorted(given.keys() - ITEM_CHANGE_PARAMETERS):
        raise ApiError.unsupported_parameter(f"{path}[{name}]")
    if "id" not in given:
        if given.keys() & {"clear_usage", "deleted"}:
            raise ApiError.missing_parameter(f"{path}[id]")
        found.added.append(create_request.item_order(account, given, path))
        return
    index = next((i for i, item in enumerate(found.kept) if item["id"] == given["id"]), None)
    if index is None:
        raise ApiError.missing("subscription_item", given["id"], param=f"{path}[id]", status=400)
    if given.get("deleted"):
        del found.kept[index]
    else:
        found.kept[index] = _changed_item(account, found.kept[index], given, path)


def _changed_item(account: Account, item: Object, given: Params, path: str) -> Object:
    order_params = {name: given[name] for name in given.keys() & {"price", "price_data"}}
    if order_params.get("price") == item["price"]["id"]:
        del order_params["price"]  # Naming the current price is allowed even if it is archived.
    changed = dict(item)
    if order_params:
        order = create_request.item_order(account, order_params, path)
        changed |= {"price": order.price, "quantity": 1}
    if usage.is_metered(changed["price"]):
        create_request.item_quantity(changed["price"], given, path)
        changed.pop("quantity", None)
    elif "quantity" in given:
        changed["quantity"] = limits.amount(given["quantity"], param=f"{path}[quantity]")
    if "metadata" in given:
        changed["metadata"] = metadata.merged(item["metadata"], given, param=f"{path}[metadata]")
    return changed

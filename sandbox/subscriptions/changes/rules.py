"""Change a subscription's items or start a trial: prorate, begin a new period, and bill now where Stripe does."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.catalog.orders import Order
from sandbox.catalog.shapes import plan
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import closed_usage, item_costs, lines, prorations, subscription_state
from sandbox.invoices.prorations import UNBILLED
from sandbox.invoices.subscription_state import UPDATED
from sandbox.subscriptions import renewals
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions import shapes as subscription_shapes


@dataclass
class ItemChanges:
    """The items after the change, `kept` ones with their new price and quantity, and how to bill the difference.

    `behavior` is "create_prorations" (on the next invoice), "always_invoice" (on an invoice now) or "none". `date` is
    the moment to prorate from. `anchor` "now" begins a new period; "unchanged" keeps the current one. Without
    `collects` an invoice created now stays open for the customer to pay.
    """

    kept: list[Object]
    behavior: str
    date: int
    added: list[Order] = field(default_factory=list)
    anchor: str | None = None
    collects: bool = True


def change_items(account: Account, subscription: Object, wanted: ItemChanges, *, members: dict[str, Any]) -> None:
    """Replace the subscription's items and change the given members.

    A new period begins now and is billed if the interval changes or a free subscription gets a price.
    """
    before = {item["id"]: item for item in subscription["items"]["data"]}
    restarts = _begins_new_period(subscription, before, wanted)
    after = _items_after(account, subscription, wanted, restarts=restarts)
    if wanted.behavior != "none" and subscription["status"] not in UNBILLED:
        _prorate(account, subscription, before, [] if restarts else after, since=wanted.date)
    closed_usage.close(account, subscription, before, after)
    changes = {**members, "items": {**subscription["items"], "data": after}}
    if restarts:
        changes["billing_cycle_anchor"] = account.now
    subscription_state.save(account, subscription, changes, event=UPDATED)
    if (restarts or wanted.behavior == "always_invoice") and subscription["status"] not in UNBILLED:
        begun = after if restarts else []
        used = closed_usage.of_ended_periods(account, subscription, before, begun)
        billed = [*used, *(line for item in begun for line in lines.for_period(account, subscription, item))]
        renewals.bill_now(account, subscription, billed=billed, collects=wanted.collects)


def begin_trial(account: Account, subscription: Object, *, end: int, behavior: str, since: int) -> None:
    """Put an active subscription on trial until `end`, and move its billing date there.

    Unless `behavior` is "none", the unused time from `since` on is credited. The invoice of the trial is created now;
    it has no amount except that credit.
    """
    if behavior != "none":
        prorations.credit_everything(account, subscription, since=since)
    items = [
        item | {"current_period_start": account.now, "current_period_end": end}
        for item in subscription["items"]["data"]
    ]
    changes = {
        "billing_cycle_anchor": end,
        "items": {**subscription["items"], "data": items},
        "status": "trialing",
        "trial_end": end,
        "trial_start": account.now,
    }
    subscription_state.save(account, subscription, changes, event=UPDATED)
    billed = [line for item in items for line in lines.for_trial(account, subscription, item)]
    renewals.bill_now(account, subscription, billed=billed)


def has_other_interval(subscription: Object, wanted: ItemChanges) -> bool:
    """Tell whether the items are billed in another rhythm than before."""
    before = {_interval(item["price"]) for item in subscription["items"]["data"]}
    after = [item["price"] for item in wanted.kept] + [order.price for order in wanted.added]
    return before.isdisjoint(map(_interval, after))


def _begins_new_period(subscription: Object, before: dict[str, Object], wanted: ItemChanges) -> bool:
    """Tell whether the billing date moves to now."""
    if subscription["status"] in UNBILLED or wanted.anchor == "unchanged":
        return False
    if wanted.anchor == "now" or has_other_interval(subscription, wanted):
        return True
    if any(_interval(item["price"]) != _interval(before[item["id"]]["price"]) for item in wanted.kept):
        return True
    was_free = not sum(_cost(item) for item in before.values())
    costs = sum(_cost(item) for item in wanted.kept) + sum(order.amount for order in wanted.added)
    return was_free and costs > 0


def _items_after(account: Account, subscription: Object, wanted: ItemChanges, *, restarts: bool) -> list[Object]:
    anchor = account.now if restarts else subscription["billing_cycle_anchor"]
    added = [
        subscription_shapes.item(
            price=order.price,
            quantity=order.quantity,
            currency=subscription["currency"],
            created=account.now,
            period=_period(account, subscription, order.price, anchor=anchor),
            metadata=order.metadata,
        )
        | {"subscription": subscription["id"]}
        for order in wanted.added
    ]
    kept = [item | {"plan": plan(item["price"])} for item in wanted.kept]
    present = {item["id"]: _interval(item["price"]) for item in subscription["items"]["data"]}
    for item in kept:
        if restarts or _interval(item["price"]) != present[item["id"]]:
            start, end = _period(account, subscription, item["price"], anchor=anchor)
            item |= {"current_period_start": start, "current_period_end": end}
    return kept + added


def _period(account: Account, subscription: Object, price: Object, *, anchor: int) -> tuple[int, int]:
    """Return the current period of an item with this price: the trial, or the period counted from `anchor`."""
    if subscription["status"] == "trialing":
        return subscription["trial_start"], subscription["trial_end"]
    return subscriptions.period_of(price, anchor=anchor, at=account.now)


def _prorate(
    account: Account, subscription: Object, before: dict[str, Object], after: list[Object], *, since: int
) -> None:
    """Credit each removed or changed item, and charge each added or changed one."""
    now = {item["id"]: item for item in after}
    for item_id, item in before.items():
        if _terms(now.get(item_id)) != _terms(item):
            prorations.credit(account, subscription, item, since=since)
    for item_id, item in now.items():
        if _terms(before.get(item_id)) != _terms(item):
            prorations.charge(account, subscription, item, since=since, among=after)


def _interval(price: Object) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _terms(item: Object | None) -> tuple[str, int] | None:
    return (item["price"]["id"], item.get("quantity", 0)) if item else None


def _cost(item: Object) -> int:
    return item_costs.of_item(item)

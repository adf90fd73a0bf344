"""Change a subscription's items or its end, or start a trial: prorate, begin a new period, and bill where Stripe does.

In the flexible billing mode the billing date moves only on request; in the classic mode also with another interval,
from free to paid, and with an end before the next renewal.
https://docs.stripe.com/billing/subscriptions/billing-mode/compare
"""

from dataclasses import dataclass, field
from typing import Any

from sandbox.catalog.orders import Order
from sandbox.catalog.shapes import plan
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import listing
from sandbox.http.listing import Params
from sandbox.invoices import closed_usage, item_costs, lines, prorations, subscription_state
from sandbox.invoices.prorations import UNBILLED
from sandbox.invoices.subscription_state import UPDATED
from sandbox.subscriptions import renewals, scheduled_ends
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions import shapes as subscription_shapes


@dataclass
class ItemChanges:
    """The items after the change, `kept` ones with their new price and quantity, and how to bill the difference.

    `behavior` is "create_prorations" (on the next invoice), "always_invoice" (on an invoice now) or "none". `date` is
    the moment to prorate from. `anchor` "now" begins a new period; "unchanged" keeps the current one. `end` has the
    request's `cancel_at` or `cancel_at_period_end`. Without `collects` an invoice created now stays open for the
    customer to pay. If the customer `is_away`, a card that needs 3-D Secure is declined.
    """

    kept: list[Object]
    behavior: str
    date: int
    added: list[Order] = field(default_factory=list)
    anchor: str | None = None
    end: Params = field(default_factory=dict)
    collects: bool = True
    is_away: bool = False


def change_items(account: Account, subscription: Object, wanted: ItemChanges, *, members: dict[str, Any]) -> None:
    """Replace the subscription's items, set its end and change the given members; bill it now if that is due."""
    before = {item["id"]: item for item in subscription["items"]["data"]}
    bills_period = _begins_new_period(subscription, before, wanted)
    ends_early = not bills_period and _ends_early_in_classic_mode(account, subscription, wanted)
    restarts = bills_period or ends_early
    anchor = account.now if restarts else subscription["billing_cycle_anchor"]
    after = _items_after(account, subscription, wanted, anchor=anchor, restarts=restarts)
    ending = scheduled_ends.changes(account, subscription, wanted.end, after)
    ending |= _trial_end_in_classic_mode(subscription, ending)
    cancel_at = {**subscription, **ending}["cancel_at"]
    after = [_fitted(subscription, item, cancel_at=cancel_at) for item in after]
    known = len(prorations.pending(account, subscription))
    if wanted.behavior != "none" and subscription["status"] not in UNBILLED:
        now = {**subscription, "billing_cycle_anchor": anchor}
        _credit(account, subscription, before, after, since=wanted.date, everything=restarts)
        if not bills_period:
            _charge(account, now, before, after, since=wanted.date, everything=restarts)
    closed_usage.close(account, subscription, before, after)
    changes = {
        **members,
        **ending,
        "billing_cycle_anchor": anchor,
        "items": listing.with_members(subscription["items"], after),
    }
    changes["cancellation_details"] = _cancellation_details(subscription, members, ending)
    subscription_state.save(account, subscription, changes, event=UPDATED)
    has_new_prorations = len(prorations.pending(account, subscription)) > known
    if bills_period or (wanted.behavior == "always_invoice" and has_new_prorations):
        begun = after if bills_period else []
        used = closed_usage.of_ended_periods(account, subscription, before, begun)
        billed = [*used, *(line for item in begun for line in prorations.period_lines(account, subscription, item))]
        renewals.bill_now(account, subscription, billed=billed, collects=wanted.collects, is_away=wanted.is_away)


def begin_trial(
    account: Account, subscription: Object, *, end: int, behavior: str, since: int, is_away: bool = False
) -> None:
    """Put an active subscription on trial until `end`, and move its billing date there.

    Unless `behavior` is "none", the unused time from `since` on is credited. The invoice of the trial is created now;
    it has no amount except that credit. In the classic mode `trial_start` stays the start of the first trial.
    """
    if behavior != "none":
        prorations.credit_everything(account, subscription, since=since)
    items = [
        item | {"current_period_start": account.now, "current_period_end": end}
        for item in subscription["items"]["data"]
    ]
    first = subscription["trial_start"] if _is_classic(subscription) else None
    changes = {
        "billing_cycle_anchor": end,
        "items": listing.with_members(subscription["items"], items),
        "status": "trialing",
        "trial_end": end,
        "trial_start": first or account.now,
    }
    subscription_state.save(account, subscription, changes, event=UPDATED)
    billed = [line for item in items for line in lines.for_trial(account, subscription, item)]
    renewals.bill_now(account, subscription, billed=billed, is_away=is_away)


def has_other_interval(subscription: Object, wanted: ItemChanges) -> bool:
    """Tell whether the items are billed in another rhythm than before."""
    before = {_interval(item["price"]) for item in subscription["items"]["data"]}
    after = [item["price"] for item in wanted.kept] + [order.price for order in wanted.added]
    return before.isdisjoint(map(_interval, after))


def _is_classic(subscription: Object) -> bool:
    return bool(subscription["billing_mode"]["type"] == "classic")


def _begins_new_period(subscription: Object, before: dict[str, Object], wanted: ItemChanges) -> bool:
    """Tell whether the billing date moves to now and the new period is billed."""
    if subscription["status"] in UNBILLED or wanted.anchor == "unchanged":
        return False
    if wanted.anchor == "now":
        return True
    if not _is_classic(subscription):
        return False
    if has_other_interval(subscription, wanted):
        return True
    if any(_interval(item["price"]) != _interval(before[item["id"]]["price"]) for item in wanted.kept):
        return True
    was_free = not sum(_cost(item) for item in before.values())
    costs = sum(_cost(item) for item in wanted.kept) + sum(order.amount for order in wanted.added)
    return was_free and costs > 0


def _ends_early_in_classic_mode(account: Account, subscription: Object, wanted: ItemChanges) -> bool:
    """Tell whether the request sets an end before the next renewal, which moves the billing date in classic mode."""
    cancel_at = wanted.end.get("cancel_at")
    if not isinstance(cancel_at, int) or not _is_classic(subscription) or subscription["status"] in UNBILLED:
        return False
    renewal = min(item["current_period_end"] for item in subscription["items"]["data"])
    return account.now < cancel_at < renewal and wanted.anchor != "unchanged"


def _trial_end_in_classic_mode(subscription: Object, ending: dict[str, Any]) -> dict[str, Any]:
    """Return the end of the trial if `cancel_at` is before it: in classic mode the trial ends then too."""
    cancel_at, trial_end = ending.get("cancel_at"), subscription["trial_end"]
    if subscription["status"] != "trialing" or not _is_classic(subscription):
        return {}
    return {"trial_end": cancel_at} if cancel_at is not None and cancel_at < trial_end else {}


def _cancellation_details(subscription: Object, members: dict[str, Any], ending: dict[str, Any]) -> Any:
    """Return the given details with the reason that a scheduled end sets or removes."""
    details = {**subscription, **members}["cancellation_details"]
    if "cancellation_details" not in ending:
        return details
    return {**details, "reason": ending["cancellation_details"]["reason"]}


def _items_after(
    account: Account, subscription: Object, wanted: ItemChanges, *, anchor: int, restarts: bool
) -> list[Object]:
    """Return the items after the change, in whole periods."""
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
    kept = [_whole(subscription, item | {"plan": plan(item["price"])}) for item in wanted.kept]
    present = {item["id"]: _interval(item["price"]) for item in subscription["items"]["data"]}
    for item in kept:
        if restarts or _interval(item["price"]) != present[item["id"]]:
            start, end = _period(account, subscription, item["price"], anchor=anchor)
            item |= {"current_period_start": start, "current_period_end": end}
    return kept + added


def _whole(subscription: Object, item: Object) -> Object:
    return item if subscription["status"] in UNBILLED else scheduled_ends.whole(subscription, item)


def _fitted(subscription: Object, item: Object, *, cancel_at: int | None) -> Object:
    return item if subscription["status"] in UNBILLED else scheduled_ends.shortened(item, cancel_at=cancel_at)


def _period(account: Account, subscription: Object, price: Object, *, anchor: int) -> tuple[int, int]:
    """Return the current period of an item with this price: the trial, or the period counted from `anchor`."""
    if subscription["status"] == "trialing":
        return subscription["trial_start"], subscription["trial_end"]
    return subscriptions.period_of(price, anchor=anchor, at=account.now)


def _credit(
    account: Account,
    subscription: Object,
    before: dict[str, Object],
    after: list[Object],
    *,
    since: int,
    everything: bool,
) -> None:
    """Credit each removed or changed item from `since` on, and each other one from the end that it has now."""
    now = {item["id"]: item for item in after}
    for item_id, item in before.items():
        if everything or _terms(now.get(item_id)) != _terms(item):
            prorations.credit(account, subscription, item, since=since)
        elif now[item_id]["current_period_end"] < item["current_period_end"]:
            prorations.credit(account, subscription, item, since=now[item_id]["current_period_end"])


def _charge(
    account: Account,
    subscription: Object,
    before: dict[str, Object],
    after: list[Object],
    *,
    since: int,
    everything: bool,
) -> None:
    """Charge each added or changed item from `since` on, and each other one from the end that it had."""
    for item in after:
        old = before.get(item["id"])
        if everything or old is None or _terms(old) != _terms(item):
            prorations.charge(account, subscription, item, since=since, among=after)
        elif old["current_period_end"] < item["current_period_end"]:
            prorations.charge(account, subscription, item, since=old["current_period_end"], among=after)


def _interval(price: Object) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _terms(item: Object | None) -> tuple[str, int] | None:
    return (item["price"]["id"], item.get("quantity", 0)) if item else None


def _cost(item: Object) -> int:
    return item_costs.of_item(item)

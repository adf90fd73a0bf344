"""Prorations: credits for unused time that was billed, and charges for used time that was not billed.

They are computed to the second, from the change to the end of the item's period, and are pending invoice items until
the subscription's next invoice.
"""

from dataclasses import replace
from datetime import UTC, datetime

from sandbox.catalog.discounts import rules as discounts
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import item_costs, lines, shapes, unused_time
from sandbox.invoices.shapes import Line
from sandbox.invoices.unused_time import References

# Statuses in which a subscription is not billed, so nothing is prorated.
UNBILLED = {"trialing", "paused"}


def credit(account: Account, subscription: Object, item: Object, *, since: int) -> None:
    """Credit what was billed for the item's time from `since` to the end of its period."""
    for given in unused_time.unused(account, subscription, item, since=since):
        _add_pending(
            account, subscription, item, -given.amount, since=since, words="Unused time on", credited=given.reference
        )


def credit_everything(account: Account, subscription: Object, *, since: int) -> None:
    """Credit the unused time of all items, unless the subscription is in trial or paused."""
    if subscription["status"] not in UNBILLED:
        for item in subscription["items"]["data"]:
            credit(account, subscription, item, since=since)


def charge(account: Account, subscription: Object, item: Object, *, since: int, among: list[Object]) -> None:
    """Charge the item's cost from `since` to the end of its period; discounts are split over the items `among`."""
    cost = item_costs.of_items(among, discounts=discounts.active(account, subscription))[item["id"]]
    amount = item_costs.prorate(
        cost,
        period=item_costs.full_period(subscription, item),
        since=max(since, item["current_period_start"]),
        until=item["current_period_end"],
    )
    if amount:
        _add_pending(account, subscription, item, amount, since=since, words="Remaining time on")


def period_lines(account: Account, subscription: Object, item: Object) -> list[Line]:
    """Return the lines that bill the item's current period in advance; one that `cancel_at` ends early, in part."""
    billed = lines.for_period(account, subscription, item)
    start, end = item["current_period_start"], item["current_period_end"]
    whole = item_costs.full_period(subscription, item)
    return [
        replace(line, amount=item_costs.prorate(line.amount, period=whole, since=start, until=end)) for line in billed
    ]


def pending(account: Account, subscription: Object) -> list[Object]:
    """Return the subscription's prorations that are on no invoice, oldest first."""
    found = account.store.scan("invoiceitem", index=("customer", subscription["customer"]))
    mine = [item for item in found if item["invoice"] is None and _is_of(item, subscription)]
    return mine[::-1]


def new_items(account: Account, subscription: Object, known: set[str]) -> dict[str, str]:
    """Return the ids of the subscription's prorations that are not in `known`, each with the id of its item."""
    found = account.store.scan("invoiceitem", index=("customer", subscription["customer"]))
    return {
        item["id"]: item["parent"]["subscription_details"]["subscription_item"]
        for item in found
        if item["id"] not in known and _is_of(item, subscription)
    }


def delete_pending(account: Account, subscription: Object) -> None:
    """Delete the pending prorations of a subscription that ends without a last invoice."""
    for item in pending(account, subscription):
        account.remove(item, event="invoiceitem.deleted")


def _add_pending(
    account: Account,
    subscription: Object,
    item: Object,
    amount: int,
    *,
    since: int,
    words: str,
    credited: References | None = None,
) -> None:
    price, quantity = item["price"], item["quantity"]
    counted = f"{quantity} x " if quantity > 1 else ""
    line = Line(
        price=price,
        quantity=quantity,
        amount=amount,
        description=f"{words} {counted}{lines.product_name(account, price)} after {_day(since)}",
        period=(max(since, item["current_period_start"]), item["current_period_end"]),
        subscription=subscription["id"],
        subscription_item=item["id"],
        metadata=subscription["metadata"],
        credited_items=credited,
    )
    customer, currency = subscription["customer"], subscription["currency"]
    pending_item = shapes.item(line=line, customer=customer, currency=currency, created=account.now)
    account.add(pending_item, event="invoiceitem.created")


def _is_of(item: Object, subscription: Object) -> bool:
    """Return whether the invoice item is a proration of the subscription."""
    return bool(item["proration"]) and item["parent"]["subscription_details"]["subscription"] == subscription["id"]


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")

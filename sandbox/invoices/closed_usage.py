"""The usage of a metered item that ends before its period: the item is removed or gets another price or period.

In flexible mode such usage is billed at the price that the item had when it was reported. In classic mode all usage of
a period is billed at the price at the period's end, and that of a removed item is not billed.
https://docs.stripe.com/billing/subscriptions/billing-mode/compare
"""

from sandbox.catalog.meters import usage
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import lines, shapes
from sandbox.invoices.prorations import UNBILLED
from sandbox.invoices.shapes import Line


def close(account: Account, subscription: Object, before: dict[str, Object], after: list[Object]) -> None:
    """Add a pending invoice item for the usage up to now of each metered item that is removed or changes its price.

    Usage from now on is billed at the new price.
    """
    if subscription["billing_mode"]["type"] == "classic" or subscription["status"] in UNBILLED:
        return
    now = {item["id"]: item for item in after}
    for item_id, item in before.items():
        changed = now.get(item_id)
        if changed is not None and changed["price"]["id"] == item["price"]["id"]:
            continue
        _bill(account, subscription, item)
        if changed is not None and usage.is_metered(changed["price"]):
            changed["_usage_since"] = account.now


def of_ended_periods(
    account: Account, subscription: Object, before: dict[str, Object], after: list[Object]
) -> list[Line]:
    """Return the lines for the usage up to now of the items whose period ends now because a new one begins.

    Usage that `close` has billed is left out.
    """
    ended = [before[item["id"]] for item in after if item["id"] in before]
    since = {item["id"]: item.get("_usage_since", 0) for item in after}
    return [
        line
        for item in ended
        if since[item["id"]] < account.now
        for line in lines.for_usage(account, subscription, item)
    ]


def _bill(account: Account, subscription: Object, item: Object) -> None:
    customer, currency = subscription["customer"], subscription["currency"]
    for line in lines.for_usage(account, subscription, item):
        if line.amount:
            pending = shapes.item(line=line, customer=customer, currency=currency, created=account.now)
            account.add(pending, event="invoiceitem.created")

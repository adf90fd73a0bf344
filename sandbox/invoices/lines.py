"""The lines of invoices: for an item's period, its usage, a trial, or a one-time price.

A graduated or volume price has a line for each of its tiers that is billed, and one for each tier's flat fee.
"""

from decimal import Decimal

from sandbox.catalog.meters import usage
from sandbox.catalog.orders import Order
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.pricing import Part
from sandbox.core.store import Object
from sandbox.invoices import item_costs
from sandbox.invoices.shapes import Line


def for_period(account: Account, subscription: Object, item: Object) -> list[Line]:
    """Return the lines that bill an item's current period in advance.

    A metered item is billed afterwards: in classic mode it has a line with amount 0 here, in flexible mode none.
    https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    """
    if not usage.is_metered(item["price"]):
        return _billed(account, subscription, item, item["quantity"])
    if subscription["billing_mode"]["type"] == "flexible":
        return []
    price = item_costs.priced(item)
    unused = Part(0, Decimal(price["unit_amount_decimal"] or 0), 0)
    text = f"{counted(account, item['price'], 0)} (at {rate(price)})"
    return [_line(subscription, item, unused, description=text)]


def for_usage(account: Account, subscription: Object, item: Object) -> list[Line]:
    """Return the lines that bill a metered item's usage of its current period, up to now; none for other items."""
    if not usage.is_metered(item["price"]):
        return []
    start = max(item["current_period_start"], item.get("_usage_since", 0))
    end = min(item["current_period_end"], account.now)
    used = usage.used(account, item["price"], customer=subscription["customer"], start=start, end=end)
    return _billed(account, subscription, {**item, "current_period_start": start, "current_period_end": end}, used)


def for_trial(account: Account, subscription: Object, item: Object) -> list[Line]:
    """Return the line of a trial, with amount 0; none for a metered item in flexible mode."""
    is_metered = usage.is_metered(item["price"])
    if is_metered and subscription["billing_mode"]["type"] == "flexible":
        return []
    quantity = 0 if is_metered else item["quantity"]
    text = f"Free trial for {counted(account, item['price'], quantity)}"
    return [_line(subscription, item, Part(quantity, Decimal(0), 0), description=text)]


def for_one_time(account: Account, order: Order, *, subscription: str | None = None) -> list[Line]:
    """Return the lines of a one-time price."""
    name = product_name(account, order.price)
    return [
        Line(
            price=_priced(order.price, part),
            quantity=int(part.quantity),
            amount=part.amount,
            description=f"{name} ({_tier(part)})" if part.tier else name,
            period=(account.now, account.now),
            subscription=subscription,
            metadata=order.metadata,
        )
        for part in order.parts
    ]


def of_item(item: Object) -> Line:
    """Return the line of an invoice item, which can be a proration."""
    pricing, parent = item["pricing"], item["parent"]
    subscription = parent["subscription_details"] if parent else {}
    return Line(
        price={
            "id": pricing["price_details"]["price"],
            "product": pricing["price_details"]["product"],
            "unit_amount_decimal": pricing["unit_amount_decimal"],
        },
        quantity=item["quantity"],
        amount=item["amount"],
        description=item["description"],
        period=(item["period"]["start"], item["period"]["end"]),
        subscription=subscription.get("subscription"),
        subscription_item=subscription.get("subscription_item"),
        invoice_item=item["id"],
        credited_items=item["proration_details"]["credited_items"] if item["proration"] else None,
        metadata=item["metadata"],
        discounts=item["discounts"],
        discountable=item["discountable"],
        quantity_decimal=item["quantity_decimal"],
    )


def product_name(account: Account, price: Object) -> str:
    """Return the name of the price's product, or its id if the product is deleted."""
    product = account.get("product", price["product"])
    return str(product["name"] if product else price["product"])


def counted(account: Account, price: Object, quantity: int | Decimal) -> str:
    """Return a quantity of the price's product as text: `2 seat x Pro`, or `2 x Pro` without a unit label."""
    product = account.get("product", price["product"]) or {"name": price["product"], "unit_label": None}
    units = f"{quantity} {product['unit_label']}" if product["unit_label"] else str(quantity)
    return f"{units} \N{MULTIPLICATION SIGN} {product['name']}"


def rate(price: Object, unit_amount: Decimal | None = None) -> str:
    """Return what a unit costs as text: `$19.00 / month`, `$50.00 every 3 months`, `$5.00 per 10 / month`."""
    each = Decimal(price["unit_amount_decimal"] or 0) if unit_amount is None else unit_amount
    amount = money.shown(each, price["currency"])
    package = f" per {price['transform_quantity']['divide_by']}" if price["transform_quantity"] else ""
    interval, count = price["recurring"]["interval"], price["recurring"]["interval_count"]
    return f"{amount}{package} / {interval}" if count == 1 else f"{amount}{package} every {count} {interval}s"


def _billed(account: Account, subscription: Object, item: Object, quantity: int) -> list[Line]:
    price = item_costs.priced(item)
    return [
        _line(subscription, item, part, description=_description(account, price, part))
        for part in item_costs.parts(item, quantity)
    ]


def _description(account: Account, price: Object, part: Part) -> str:
    cost = rate(price, part.unit_amount)
    if part.is_flat:
        return f"{product_name(account, price)} ({_tier(part)} at {cost})"
    tier = f"{_tier(part)} " if part.tier else ""
    return f"{counted(account, price, part.quantity)} ({tier}at {cost})"


def _tier(part: Part) -> str:
    return f"Tier {part.tier} flat fee" if part.is_flat else f"Tier {part.tier}"


def _priced(price: Object, part: Part) -> Object:
    """Return the price with the rate of one part, which the line shows."""
    return {**price, "unit_amount_decimal": f"{part.unit_amount:f}"}


def _line(subscription: Object, item: Object, part: Part, *, description: str) -> Line:
    return Line(
        price=_priced(item["price"], part),
        quantity=int(part.quantity),
        amount=part.amount,
        description=description,
        period=(item["current_period_start"], item["current_period_end"]),
        subscription=subscription["id"],
        subscription_item=item["id"],
        metadata=subscription["metadata"],
    )

"""The lines of invoices: for an item's period, a trial, or a one-time price."""

from decimal import Decimal

from sandbox.catalog.orders import Order
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices.shapes import Line


def for_period(account: Account, subscription: Object, item: Object) -> Line:
    """Return the line that bills an item's current period in advance."""
    return _item_line(
        subscription,
        item,
        amount=money.total(item["price"], item["quantity"]),
        description=f"{item['quantity']} x {product_name(account, item['price'])} (at {rate(item['price'])})",
    )


def for_trial(account: Account, subscription: Object, item: Object) -> Line:
    """Return the line of a trial, with amount 0."""
    description = f"Trial period for {product_name(account, item['price'])}"
    return _item_line(subscription, item, amount=0, description=description)


def for_one_time(account: Account, order: Order, *, subscription: str | None = None) -> Line:
    """Return the line of a one-time price."""
    return Line(
        price=order.price,
        quantity=order.quantity,
        amount=order.amount,
        description=product_name(account, order.price),
        period=(account.now, account.now),
        subscription=subscription,
        metadata=order.metadata,
    )


def product_name(account: Account, price: Object) -> str:
    """Return the name of the price's product, or its id if the product is deleted."""
    product = account.get("product", price["product"])
    return str(product["name"] if product else price["product"])


def rate(price: Object) -> str:
    """Return a recurring price as text: `$19.00 / month` or `$50.00 every 3 months`."""
    amount = money.shown(Decimal(price["unit_amount_decimal"]), price["currency"])
    interval, count = price["recurring"]["interval"], price["recurring"]["interval_count"]
    return f"{amount} / {interval}" if count == 1 else f"{amount} every {count} {interval}s"


def _item_line(subscription: Object, item: Object, *, amount: int, description: str) -> Line:
    return Line(
        price=item["price"],
        quantity=item["quantity"],
        amount=amount,
        description=description,
        period=(item["current_period_start"], item["current_period_end"]),
        subscription=subscription["id"],
        subscription_item=item["id"],
        metadata=subscription["metadata"],
    )

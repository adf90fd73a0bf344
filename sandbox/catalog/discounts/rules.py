"""Discounts from redemption to end: adding them to subscriptions and sessions, replacing them, and ending them."""

from sandbox.catalog.discounts import amounts_off, redeeming, shapes
from sandbox.catalog.discounts.redeeming import Redemption
from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.periods import boundary
from sandbox.core.store import Object


def add_to_subscription(account: Account, redemption: Redemption, subscription: Object) -> str:
    """Redeem the coupon on the subscription; return the discount's id, for the caller to add to `discounts`."""
    customer, currency = subscription["customer"], subscription["currency"]
    discount = _redeem(account, redemption, customer=customer, currency=currency)
    discount["subscription"] = subscription["id"]
    account.add(discount, event="customer.discount.created")
    if discount["end"] is not None:
        account.store.set_due("discount", discount["id"], discount["end"])
    redeeming.count_redemption(account, redemption)
    return str(discount["id"])


def add_to_session(account: Account, redemption: Redemption, session: Object, *, customer: str | None) -> Object:
    """Redeem the coupon on a one-time purchase; Stripe records no event about this discount."""
    discount = _redeem(account, redemption, customer=customer, currency=session["currency"])
    discount["checkout_session"] = session["id"]
    account.add(discount)
    redeeming.count_redemption(account, redemption)
    return discount


def add_to_bill(account: Account, redemption: Redemption, *, customer: str, currency: str, owner: Object) -> str:
    """Redeem the coupon on an invoice or invoice item, which `owner` names; return the discount's id."""
    discount = account.add(_redeem(account, redemption, customer=customer, currency=currency) | owner)
    redeeming.count_redemption(account, redemption)
    return str(discount["id"])


def replace(account: Account, subscription: Object, wanted: list[Redemption | str] | None) -> Object:
    """Redeem the new discounts and end those that `wanted` leaves out; return the change of `discounts` to save.

    `wanted` has redemptions, and ids of discounts to keep. None changes nothing and returns `{}`.
    """
    if wanted is None:
        return {}
    for discount_id in subscription["discounts"]:
        if discount_id not in wanted:
            end(account, account.find("discount", discount_id))
    ids = [each if isinstance(each, str) else add_to_subscription(account, each, subscription) for each in wanted]
    return {"discounts": ids}


def active(account: Account, subscription: Object) -> list[Object]:
    """Return the discounts that apply to an invoice created now, in the order in which they apply."""
    found = [account.find("discount", discount_id) for discount_id in subscription["discounts"]]
    return [discount for discount in found if discount["end"] is None or discount["end"] > account.now]


def end_once_discounts(account: Account, subscription: Object, invoice: Object) -> None:
    """End the subscription's discounts of duration "once" that reduced this invoice.

    The caller saves the subscription and records the event.
    """
    for taken in invoice["total_discount_amounts"]:
        discount = account.find("discount", taken["discount"])
        if discount["_coupon"]["duration"] == "once" and taken["amount"]:
            subscription["discounts"] = [each for each in subscription["discounts"] if each != discount["id"]]
            end(account, discount)


def expire(account: Account, discount: Object) -> None:
    """End a repeating discount at its `end`, and remove it from the subscription."""
    subscription = account.find("subscription", discount["subscription"])
    left = [each for each in subscription["discounts"] if each != discount["id"]]
    account.change(subscription, {"discounts": left}, event="customer.subscription.updated")
    end(account, discount)


def end(account: Account, discount: Object) -> None:
    """End the discount; invoices that it reduced still show it."""
    account.store.clear_due("discount", discount["id"])
    account.emit("customer.discount.deleted", discount)


def net(redemptions: list[Redemption], orders: list[Order]) -> int:
    """Return the total of the orders less the redemptions."""
    currency = next((order.currency or order.price["currency"] for order in orders), "")
    coupons = [amounts_off.in_currency(redemption.coupon, currency) for redemption in redemptions]
    return amounts_off.net(coupons, orders)


def _redeem(account: Account, redemption: Redemption, *, customer: str | None, currency: str) -> Object:
    coupon, code = amounts_off.in_currency(redemption.coupon, currency), redemption.promotion_code
    return shapes.discount(
        coupon=coupon,
        promotion_code=code["id"] if code else None,
        customer=customer,
        start=account.now,
        end=runs_until(coupon, start=account.now),
    )


def runs_until(coupon: Object, *, start: int) -> int | None:
    """Return the end of a discount redeemed at `start`: only a repeating coupon has one."""
    if coupon["duration"] != "repeating":
        return None
    return boundary(anchor=start, interval="month", interval_count=1, number=coupon["duration_in_months"])

"""Discounts from redemption to end: put on a subscription or a sale, taken off invoices, used up or run out."""

from sandbox.catalog.discounts import amounts_off, redeeming, shapes
from sandbox.catalog.discounts.redeeming import Redemption
from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.periods import boundary
from sandbox.core.store import Object


def add_to_subscription(account: Account, redemption: Redemption, subscription: Object) -> str:
    """Redeem the coupon on the subscription, whose `discounts` the caller then changes; return the discount's id."""
    discount = _redeem(account, redemption, customer=subscription["customer"])
    discount["subscription"] = subscription["id"]
    account.add(discount, event="customer.discount.created")
    if discount["end"] is not None:
        account.store.set_due("discount", discount["id"], discount["end"])
    redeeming.count_redemption(account, redemption)
    return str(discount["id"])


def add_to_session(account: Account, redemption: Redemption, session: Object, *, customer: str | None) -> Object:
    """Redeem the coupon on a one-time purchase; Stripe records no event about such a discount."""
    discount = _redeem(account, redemption, customer=customer)
    discount["checkout_session"] = session["id"]
    account.add(discount)
    redeeming.count_redemption(account, redemption)
    return discount


def replace(account: Account, subscription: Object, wanted: list[Redemption | str] | None) -> Object:
    """Return the `discounts` that the caller gives the subscription: those kept by their ids, and those redeemed now.

    Those that are not wanted end. Nothing is returned when nothing was said about discounts.
    """
    if wanted is None:
        return {}
    for discount_id in subscription["discounts"]:
        if discount_id not in wanted:
            end(account, account.find("discount", discount_id))
    ids = [each if isinstance(each, str) else add_to_subscription(account, each, subscription) for each in wanted]
    return {"discounts": ids}


def active(account: Account, subscription: Object) -> list[Object]:
    """Return the discounts that an invoice of now takes off, in the order in which they are taken."""
    found = [account.find("discount", discount_id) for discount_id in subscription["discounts"]]
    return [discount for discount in found if discount["end"] is None or discount["end"] > account.now]


def end_once_discounts(account: Account, subscription: Object, invoice: Object) -> None:
    """Take from the subscription the discounts that are for one invoice, once this one has been made less by them.

    The caller keeps the subscription, and records the event about it.
    """
    for taken in invoice["total_discount_amounts"]:
        discount = account.find("discount", taken["discount"])
        if discount["_coupon"]["duration"] == "once" and taken["amount"]:
            subscription["discounts"] = [each for each in subscription["discounts"] if each != discount["id"]]
            end(account, discount)


def expire(account: Account, discount: Object) -> None:
    """End a discount whose months are over."""
    subscription = account.find("subscription", discount["subscription"])
    left = [each for each in subscription["discounts"] if each != discount["id"]]
    account.change(subscription, {"discounts": left}, event="customer.subscription.updated")
    end(account, discount)


def end(account: Account, discount: Object) -> None:
    """Note that the discount is on nothing any more; invoices that it was taken off still show it."""
    account.store.clear_due("discount", discount["id"])
    account.emit("customer.discount.deleted", discount)


def net(redemptions: list[Redemption], orders: list[Order]) -> int:
    """Return what the orders come to once the coupons are redeemed on them."""
    return amounts_off.net([redemption.coupon for redemption in redemptions], orders)


def _redeem(account: Account, redemption: Redemption, *, customer: str | None) -> Object:
    coupon, code = redemption.coupon, redemption.promotion_code
    return shapes.discount(
        coupon=coupon,
        promotion_code=code["id"] if code else None,
        customer=customer,
        start=account.now,
        end=runs_until(coupon, start=account.now),
    )


def runs_until(coupon: Object, *, start: int) -> int | None:
    """Tell when the months of a coupon are over that is redeemed at `start`; only a repeating one counts months."""
    if coupon["duration"] != "repeating":
        return None
    return boundary(anchor=start, interval="month", interval_count=1, number=coupon["duration_in_months"])

"""The parameter `discounts`: coupons and promotion codes to redeem, and existing discounts to keep."""

from sandbox.catalog.discounts import redeeming
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.catalog.discounts.redeeming import Basket, Redemption
from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params

MOST_DISCOUNTS = 20
ON_UPDATE = (
    "This promotion code cannot be redeemed on a subscription update because it uses the `minimum_amount` restriction "
    "and the amount may change."
)


def of_subscription(account: Account, params: Params, customer: Object, orders: list[Order]) -> list[Redemption]:
    """Return the redemptions for a new subscription."""
    basket = Basket(
        parts=[Part(order.amount, order.price["product"]) for order in orders],
        currency=orders[0].currency or orders[0].price["currency"],
        customer=customer["id"],
    )
    given = limits.items(params.get("discounts") or [], param="discounts", most=MOST_DISCOUNTS)
    return [redemption(account, each, basket, f"discounts[{index}]") for index, each in enumerate(given)]


def of_update(account: Account, params: Params, subscription: Object) -> list[Redemption | str] | None:
    """Return a subscription's discounts after an update: redemptions, and ids of discounts to keep.

    None if the request does not change discounts.
    """
    if "discounts" not in params:
        return None
    items = subscription["items"]["data"]
    basket = Basket(
        parts=[Part(order.amount, order.price["product"]) for order in (_order(item) for item in items)],
        currency=subscription["currency"],
        customer=subscription["customer"],
    )
    wanted: list[Redemption | str] = []
    given = limits.items(params["discounts"] or [], param="discounts", most=MOST_DISCOUNTS)
    for index, each in enumerate(given):
        path = f"discounts[{index}]"
        if "discount" in each:
            wanted.append(_kept(subscription, each, path))
        else:
            wanted.append(redemption(account, each, basket, path, on_update=True))
    return wanted


def redemption(account: Account, given: Params, basket: Basket, path: str, *, on_update: bool = False) -> Redemption:
    """Return the redemption for one member of `discounts`, whose path in the request is `path`."""
    names = given.keys() & {"coupon", "promotion_code", "discount"}
    if len(names) > 1:
        raise ApiError.invalid(
            f"You may only specify one of these parameters: {', '.join(sorted(names))}.", param=path
        )
    if "coupon" in given:
        param = f"{path}[coupon]"
        found = Redemption(account.find("coupon", given["coupon"], param=param))
    elif "promotion_code" in given:
        param = f"{path}[promotion_code]"
        found = _by_code(account, given["promotion_code"], param=param, on_update=on_update)
    else:
        raise ApiError.invalid(f"You must provide one of `coupon` or `promotion_code` in `{path}`.", param=path)
    redeeming.check(account, found, basket, param=param)
    return found


def _by_code(account: Account, code_id: str, *, param: str, on_update: bool) -> Redemption:
    code = account.find("promotion_code", code_id, param=param)
    if on_update and code["restrictions"]["minimum_amount"] is not None:
        raise ApiError.invalid(ON_UPDATE, param=param)
    return Redemption(account.find("coupon", code["promotion"]["coupon"], param=param), code)


def _kept(subscription: Object, given: Params, path: str) -> str:
    discount: str = given["discount"]
    if discount not in subscription["discounts"]:
        raise ApiError.missing("discount", discount, param=f"{path}[discount]", status=400)
    return discount


def _order(item: Object) -> Order:
    return Order(item["price"], item.get("quantity", 0), currency=item.get("_currency"))

"""Read and check the `line_items` of `checkout.sessions.create`."""

from typing import Any

from sandbox.catalog import price_routes, product_routes
from sandbox.catalog.meters import usage
from sandbox.checkout import shapes
from sandbox.core import money, pricing
from sandbox.core.account import Account
from sandbox.core.errors import ApiError, within
from sandbox.core.money import shown
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import lines
from sandbox.subscriptions import create_request, shared_parameters

MAX_ITEMS = 100
DEFAULT_MAXIMUM = 99
HIGHEST_MAXIMUM = 999_999


def from_request(account: Account, params: Params, *, mode: str) -> list[Object]:
    """Return the session's line items; creates a price for each entry with `price_data`.

    Raises ApiError, with the entry as its param, for prices that are unknown or archived, or do not fit the mode or
    each other.
    """
    given = limits.items(params.get("line_items", []), param="line_items", most=MAX_ITEMS)
    if not given:
        raise ApiError.missing_parameter("line_items")
    items = [_line_item(account, each, f"line_items[{index}]") for index, each in enumerate(given)]
    _check_mode(items, mode)
    _set_currency(account, params, items)
    if mode == "payment":
        check_total(items)
    return items


def _line_item(account: Account, given: Params, path: str) -> Object:
    if given.get("tax_rates"):
        raise ApiError.unsupported_parameter(f"{path}[tax_rates]")
    if ("price" in given) == ("price_data" in given):
        raise ApiError.invalid("You must provide exactly one of `price` or `price_data`.", param=path)
    price = (
        _existing_price(account, given["price"], path)
        if "price" in given
        else _new_price(account, given["price_data"], f"{path}[price_data]")
    )
    if price["custom_unit_amount"] and given.get("quantity") != 1:
        raise ApiError.invalid(
            "The quantity of a price with `custom_unit_amount` must be 1.", param=f"{path}[quantity]"
        )
    if usage.is_metered(price):
        create_request.item_quantity(price, given, path)
        given = {**given, "quantity": None}
    elif "quantity" not in given:
        raise ApiError.invalid(f"Quantity is required. Add `quantity` to `{path}`", param=f"{path}[quantity]")
    elif given["quantity"] < 1:
        raise ApiError.invalid(
            "This value must be greater than or equal to 1.",
            param=f"{path}[quantity]",
            code="parameter_invalid_integer",
        )
    return shapes.line_item(
        price=price,
        quantity=given["quantity"],
        description=lines.product_name(account, price),
        metadata=metadata.merged({}, given, param=f"{path}[metadata]"),
        adjustable=_adjustable(
            given.get("adjustable_quantity"), quantity=given["quantity"] or 0, path=f"{path}[adjustable_quantity]"
        ),
    )


def change(item: Object, given: Params, path: str) -> None:
    """Change the quantity of a line item, or which quantities the buyer may choose."""
    quantity: int = given["quantity"] if "quantity" in given else item["quantity"]
    if "adjustable_quantity" in given:
        item["adjustable_quantity"] = _adjustable(
            given["adjustable_quantity"], quantity=quantity, path=f"{path}[adjustable_quantity]"
        )
    limits.positive(quantity, param=f"{path}[quantity]")
    amount = money.total(item["price"], quantity, currency=item["currency"])
    item |= {"amount_subtotal": amount, "amount_total": amount, "quantity": quantity}


def _adjustable(given: Params | None, *, quantity: int, path: str) -> Object | None:
    """Return which quantities the buyer may choose, if any."""
    if given is None:
        return None
    if not given["enabled"]:
        return {"enabled": False, "maximum": None, "minimum": None}
    least, most = given.get("minimum", 0), given.get("maximum", max(DEFAULT_MAXIMUM, quantity))
    if not 0 <= least <= most <= HIGHEST_MAXIMUM:
        raise ApiError.invalid(
            f"The minimum can't be more than the maximum, which is at most {HIGHEST_MAXIMUM}.",
            param=f"{path}[maximum]",
        )
    if not least <= quantity <= most:
        raise ApiError.invalid(f"The quantity must be from {least} to {most}.", param=f"{path}[minimum]")
    return {"enabled": True, "maximum": most, "minimum": least}


def _existing_price(account: Account, price_id: str, path: str) -> Object:
    price = account.find("price", price_id, param=f"{path}[price]")
    if not price["active"]:
        raise ApiError.invalid(
            "The price specified is inactive. This field only accepts active prices.", param=f"{path}[price]"
        )
    product = account.get("product", price["product"])
    if product is None or not product["active"]:
        raise ApiError.invalid(
            f"Price `{price_id}` is not available to be purchased because its product is not active.",
            param=f"{path}[price]",
        )
    return price


def _new_price(account: Account, data: Params, path: str) -> Object:
    """Create a price for this session only; it and a product created with it are inactive."""
    if "product_data" in data:
        with within(f"{path}[product_data]"):
            product = product_routes.create(account, {**data["product_data"], "active": False})
        data = {name: value for name, value in data.items() if name != "product_data"} | {"product": product["id"]}
    return price_routes.create_inline(account, data, param=path)


def _check_mode(items: list[Object], mode: str) -> None:
    if mode != "payment" and any(item["price"]["custom_unit_amount"] for item in items):
        raise ApiError.invalid("Prices with `custom_unit_amount` can only be used in `payment` mode.", param="mode")
    recurring: list[dict[str, Any]] = [item["price"]["recurring"] for item in items if item["price"]["recurring"]]
    if mode == "payment" and recurring:
        raise ApiError.invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices.",
            param="mode",
        )
    if mode == "subscription" and not recurring:
        raise ApiError.invalid(
            "You must provide at least one recurring price in `subscription` mode when using prices.", param="mode"
        )
    if len({(each["interval"], each["interval_count"]) for each in recurring}) > 1:
        raise ApiError.invalid(
            "Checkout does not support multiple prices with different billing intervals.", param="line_items"
        )


def _set_currency(account: Account, params: Params, items: list[Object]) -> None:
    """Set the amounts in the session's currency: the one asked for, else the customer's, else the first price's."""
    prices = [item["price"] for item in items]
    customer = account.get("customer", params["customer"]) if "customer" in params else None
    currency = shared_parameters.chosen_currency(params.get("currency"), customer, prices)
    if "currency" in params:
        for price in prices:
            shared_parameters.check_price_currency(price, currency, param="currency")
    _check_currencies(prices, currency)
    for item in items:
        quantity = item["quantity"]
        if item["price"]["custom_unit_amount"]:
            item["_unit_amount"] = _preset(item["price"], currency)
            amount = item["_unit_amount"] or 0
        else:
            amount = 0 if quantity is None else money.total(item["price"], quantity, currency=currency)
        item |= {"amount_subtotal": amount, "amount_total": amount, "currency": currency}


def _preset(price: Object, currency: str) -> int | None:
    """Return the amount that the page suggests to the buyer, if any."""
    option = price["currency_options"].get(currency) or price
    preset: int | None = option["custom_unit_amount"]["preset"]
    return preset


def _check_currencies(prices: list[Object], currency: str) -> None:
    currencies = sorted({currency, *(price["currency"] for price in prices)})
    if any(currency not in pricing.currencies(price) for price in prices):
        raise ApiError.invalid(
            f"All prices on a Checkout Session must have the same currency; these have {', '.join(currencies)}.",
            param="line_items",
        )


def check_total(items: list[Object]) -> None:
    """Raise ApiError if the total is too small or too large to charge; zero is a free order."""
    total, currency = sum(item["amount_total"] for item in items), items[0]["currency"]
    least = money.least_charge(currency)
    if 0 < total < least:
        raise ApiError.invalid(
            f"The Checkout Session's total amount due must add up to at least {shown(least, currency)} {currency}",
            code="amount_too_small",
        )
    if total > money.most_charge(currency):
        most = shown(money.most_charge(currency), currency)
        raise ApiError.invalid(
            f"The Checkout Session's total amount due must be no more than {most} {currency}", code="amount_too_large"
        )

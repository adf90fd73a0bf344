"""Read and check the parameters that describe an invoice item: its price or amount, period, texts and discounts."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.catalog import price_routes
from sandbox.catalog import rules as catalog
from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.discounts import rules as discounts
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.catalog.discounts.redeeming import Basket, Redemption
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import shapes
from sandbox.invoices.items import inline_prices

UNSUPPORTED = ("customer_account", "tax_behavior", "tax_code", "tax_amounts", "tax_rates")
COSTS = ("amount", "price_data", "pricing", "unit_amount_decimal")
MOST_DISCOUNTS = 20


def cost(account: Account, params: Params, *, currency: str, present: Object | None = None) -> dict[str, Any]:
    """Return the members that price and quantity set; `present` is the item to change, None for a new one.

    Raises ApiError for several prices or amounts, and for a price that is recurring, inactive or of another currency.
    """
    names = [name for name in COSTS if name in params]
    if len(names) > 1:
        raise ApiError.invalid(f"You may only specify one of these parameters: {', '.join(names)}.", param=names[0])
    if "quantity" in params and "quantity_decimal" in params:
        raise ApiError.invalid("You may only specify one of these parameters: quantity, quantity_decimal.")
    quantity = _quantity(params, present)
    if "amount" in params and quantity != 1:
        raise ApiError.invalid("You may only specify one of these parameters: amount, quantity.", param="amount")
    price = _price(account, params, currency, present)
    if price["currency"] != currency:
        raise ApiError.invalid(
            f"The price specified has the currency `{price['currency']}`, but the invoice item has `{currency}`.",
            param="pricing[price]",
        )
    amount = _amount(price, quantity)
    return {
        "amount": amount,
        "pricing": shapes.pricing(price, unit_amount=price["unit_amount_decimal"]),
        "quantity": int(quantity),
        "quantity_decimal": f"{quantity:f}",
    }


def texts(params: Params) -> dict[str, Any]:
    """Return the checked `description` and `period`, and `discountable`, if given."""
    members: dict[str, Any] = {}
    if "description" in params:
        members["description"] = limits.text(params["description"], param="description")
    if "discountable" in params:
        members["discountable"] = params["discountable"]
    if "period" in params:
        members["period"] = {"end": params["period"]["end"], "start": params["period"]["start"]}
        if params["period"]["end"] < params["period"]["start"]:
            raise ApiError.invalid("The period's end can't be before its start.", param="period[end]")
    return members


def changed_metadata(params: Params, present: Object) -> dict[str, Any]:
    """Return the change of the metadata, if any."""
    return {"metadata": metadata.merged(present["metadata"], params)} if "metadata" in params else {}


def redeem(account: Account, params: Params, item: Object) -> list[str]:
    """Redeem the request's `discounts` on the item and return their ids; an existing discount can be named again."""
    basket = Basket(
        parts=[Part(item["amount"], item["pricing"]["price_details"]["product"])],
        currency=item["currency"],
        customer=item["customer"],
    )
    given = limits.items(params.get("discounts") or [], param="discounts", most=MOST_DISCOUNTS)
    found: list[Redemption | str] = []
    for index, each in enumerate(given):
        if "discount" in each:
            found.append(account.find("discount", each["discount"], param=f"discounts[{index}][discount]")["id"])
        else:
            found.append(discount_request.redemption(account, each, basket, f"discounts[{index}]"))
    return [each if isinstance(each, str) else _add(account, each, item) for each in found]


def _amount(price: Object, quantity: Decimal) -> int:
    if quantity == int(quantity):
        return money.total(price, int(quantity))
    return int((Decimal(price["unit_amount_decimal"]) * quantity).quantize(Decimal(1), ROUND_HALF_UP))


def _add(account: Account, redemption: Redemption, item: Object) -> str:
    owner = {"invoice_item": item["id"]}
    customer, currency = item["customer"], item["currency"]
    return discounts.add_to_bill(account, redemption, customer=customer, currency=currency, owner=owner)


def _quantity(params: Params, present: Object | None) -> Decimal:
    if "quantity_decimal" in params:
        return Decimal(params["quantity_decimal"])
    if "quantity" in params:
        return Decimal(limits.amount(params["quantity"], param="quantity"))
    return Decimal(present["quantity_decimal"]) if present and "amount" not in params else Decimal(1)


def _price(account: Account, params: Params, currency: str, present: Object | None) -> Object:
    if "pricing" in params:
        return _one_time_price(account, params["pricing"].get("price"))
    if "price_data" in params:
        return price_routes.create_inline(account, params["price_data"], param="price_data")
    amount = params.get("amount", params.get("unit_amount_decimal"))
    if amount is None and present:
        return account.find("price", present["pricing"]["price_details"]["price"])
    if amount is None:
        raise ApiError.invalid("You must specify one of these parameters: amount, pricing[price] or price_data.")
    if abs(amount) > limits.MAX_AMOUNT:
        raise ApiError.invalid(f"Invalid integer: {amount} must be no more than {limits.MAX_AMOUNT}.", param="amount")
    name = params.get("description", present["description"] if present else None)
    return inline_prices.price_for(
        account, unit_amount=limits.plain_decimal(Decimal(amount)), currency=currency, description=name
    )


def _one_time_price(account: Account, price_id: str | None) -> Object:
    param = "pricing[price]"
    if price_id is None:
        raise ApiError.missing_parameter(param)
    return catalog.usable_price(account, price_id, kind="one_time", param=param)

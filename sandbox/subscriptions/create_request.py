"""Read and check the parameters of `subscriptions.create`: customer, items, payment method."""

from dataclasses import replace
from typing import Any

from sandbox.catalog import price_routes
from sandbox.catalog import rules as catalog
from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.discounts import rules as discounts
from sandbox.catalog.meters import usage
from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import rules as invoices
from sandbox.payments import payment_method_routes
from sandbox.payments import rules as payments
from sandbox.subscriptions import rules, scheduled_ends, shared_parameters
from sandbox.subscriptions.rules import NewSubscription
from sandbox.subscriptions.shapes import NO_PAYMENT_SETTINGS
from sandbox.subscriptions.starting import start_request

SUPPORTED = frozenset(
    {
        "add_invoice_items",
        "backdate_start_date",
        "billing_cycle_anchor",
        "billing_cycle_anchor_config",
        "billing_mode",
        "cancel_at",
        "cancel_at_period_end",
        "collection_method",
        "currency",
        "customer",
        "days_until_due",
        "default_payment_method",
        "description",
        "discounts",
        "items",
        "metadata",
        "off_session",
        "payment_behavior",
        "payment_settings",
        "proration_behavior",
        "trial_end",
        "trial_from_plan",
        "trial_period_days",
        "trial_settings",
    }
)
ITEM_PARAMETERS = frozenset({"metadata", "plan", "price", "price_data", "quantity"})
ONE_TIME_PARAMETERS = frozenset({"metadata", "price", "price_data", "quantity"})
MAX_ITEMS = 20
CHARGED: Object = {"collection_method": "charge_automatically", "days_until_due": None}


def start(account: Account, params: Params) -> Object:
    """Create the subscription; collect its first invoice unless `payment_behavior` is "default_incomplete"."""
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    customer = _customer(account, params)
    orders = _orders(account, params, customer)
    trial_end = shared_parameters.trial(account, _with_trial_of_price(params, orders)).ends(now=account.now)
    scheduled_ends.check(params)
    order = NewSubscription(
        customer=customer,
        recurring=orders,
        one_time=_in_currency(one_time_orders(account, params), orders),
        trial_end=trial_end,
        start=start_request.read(account, params, orders, has_trial=trial_end is not None),
        members=_members(account, params, customer),
        end={name: params[name] for name in params.keys() & scheduled_ends.PARAMETERS},
        redemptions=discount_request.of_subscription(account, params, customer, orders),
    )
    shared_parameters.check_currency(account, customer, order.currency)
    method = _first_payment_method(account, params, order)
    subscription, invoice = rules.start(account, replace(order, asks_setup=True, method=method))
    if invoice is None:
        return subscription
    if params.get("payment_behavior") == "default_incomplete" and subscription["status"] == "incomplete":
        invoices.finalize(account, invoice)
    else:
        is_away = params.get("off_session", False)
        rules.pay_first_invoice(account, subscription, invoice, method, on_session=False, is_away=is_away)
    return subscription


def item_order(account: Account, given: Params, path: str, *, quantity: int = 1) -> Order:
    """Return the order for one entry of the request's `items`; creates the price if the entry has `price_data`."""
    given = with_price(given, path)
    price = _price(account, given, path, supported=ITEM_PARAMETERS, kind="recurring")
    count = item_quantity(price, given, path, default=quantity)
    return Order(price, count, metadata.merged({}, given, param=f"{path}[metadata]"))


def _price(account: Account, given: Params, path: str, *, supported: frozenset[str], kind: str) -> Object:
    """Return the price that an entry names or, in `price_data`, describes."""
    for name in sorted(given.keys() - supported):
        raise ApiError.unsupported_parameter(f"{path}[{name}]")
    if ("price" in given) == ("price_data" in given):
        raise ApiError.invalid("You must provide exactly one of `price` or `price_data`.", param=path)
    if "price_data" in given:
        return price_routes.create_inline(account, given["price_data"], param=f"{path}[price_data]")
    return catalog.usable_price(account, given["price"], kind=kind, param=f"{path}[price]")


def one_time_orders(account: Account, params: Params, path: str = "add_invoice_items") -> list[Order]:
    """Return the orders of `add_invoice_items`, which the first invoice bills once."""
    given = limits.items(params.get("add_invoice_items", []), param=path, most=MAX_ITEMS)
    return [_one_time_order(account, each, f"{path}[{index}]") for index, each in enumerate(given)]


def _one_time_order(account: Account, given: Params, path: str) -> Order:
    price = _price(account, given, path, supported=ONE_TIME_PARAMETERS, kind="one_time")
    if price["custom_unit_amount"]:
        raise ApiError.invalid(
            "A price with `custom_unit_amount` can only be used in Checkout.", param=f"{path}[price]"
        )
    count = limits.amount(given.get("quantity", 1), param=f"{path}[quantity]")
    return Order(price, count, metadata.merged({}, given, param=f"{path}[metadata]"))


def item_quantity(price: Object, given: Params, path: str, *, default: int = 1) -> int:
    """Return the quantity of an item, 0 for a metered price, which takes none."""
    if not usage.is_metered(price):
        return limits.amount(given.get("quantity", default), param=f"{path}[quantity]")
    if "quantity" in given:
        raise ApiError.invalid(
            f"Quantity should not be specified where usage_type is `metered`. Remove quantity from `{path}`",
            param=f"{path}[quantity]",
        )
    return 0


def with_price(given: Params, path: str) -> Params:
    """Return an entry of `items` with its `plan`, the older name of a price, as `price`."""
    if "plan" not in given:
        return given
    if given.keys() & {"price", "price_data"}:
        raise ApiError.invalid("You may only specify one of these parameters: plan, price.", param=f"{path}[plan]")
    others = {name: value for name, value in given.items() if name != "plan"}
    return {**others, "price": given["plan"]}


def _customer(account: Account, params: Params) -> Object:
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    return account.find("customer", params["customer"], param="customer")


def _orders(account: Account, params: Params, customer: Object) -> list[Order]:
    given = limits.items(params.get("items", []), param="items", most=MAX_ITEMS)
    if not given:
        raise ApiError.missing_parameter("items")
    orders = [item_order(account, each, f"items[{index}]") for index, each in enumerate(given)]
    prices = [order.price for order in orders]
    currency = shared_parameters.chosen_currency(params.get("currency"), customer, prices)
    named = "currency" if "currency" in params else "items"
    shared_parameters.check_combination(prices, currency=currency, param=named, mode=_mode(params))
    orders = [replace(order, currency=currency) for order in orders]
    shared_parameters.check_amount(sum(order.amount for order in orders), currency)
    return orders


def _with_trial_of_price(params: Params, orders: list[Order]) -> Params:
    """Return the parameters with the trial days of the prices, if `trial_from_plan` asks for them."""
    if not params.get("trial_from_plan"):
        return params
    for name in ("trial_end", "trial_period_days"):
        if name in params:
            raise ApiError.invalid(f"You cannot set `trial_from_plan` to true together with `{name}`.", param=name)
    days = max(order.price["recurring"]["trial_period_days"] or 0 for order in orders)
    return {**params, "trial_period_days": days} if days else params


def _mode(params: Params) -> str:
    return str(params.get("billing_mode", {}).get("type", "flexible"))


def _members(account: Account, params: Params, customer: Object) -> dict[str, Any]:
    members = shared_parameters.shared_members(account, params)
    members |= shared_parameters.collection(params, CHARGED)
    members["metadata"] = metadata.merged({}, params)
    members |= shared_parameters.payment_settings(params, NO_PAYMENT_SETTINGS)
    if method_id := params.get("default_payment_method"):
        method = payment_method_routes.attached(account, method_id, customer, param="default_payment_method")
        members["default_payment_method"] = method["id"]
    return members


def _in_currency(once: list[Order], recurring: list[Order]) -> list[Order]:
    """Return the one-time orders in the subscription's currency. Raises ApiError if one has no amount in it."""
    currency = str(recurring[0].currency)
    for order in once:
        shared_parameters.check_price_currency(order.price, currency, param="add_invoice_items")
    return [replace(order, currency=currency) for order in once]


def _first_payment_method(account: Account, params: Params, order: NewSubscription) -> Object | None:
    """Return the payment method for the first invoice.

    Raises ApiError if an invoice is due now and there is no payment method, or if `payment_behavior` is
    "error_if_incomplete" and the card would be declined.
    """
    chosen = order.members.get("default_payment_method")
    chosen = chosen or order.customer["invoice_settings"]["default_payment_method"]
    method = account.get("payment_method", chosen) if chosen else None
    behavior = params.get("payment_behavior", "allow_incomplete")
    if behavior == "pending_if_incomplete":
        raise ApiError.invalid("`pending_if_incomplete` can only be used in updates.", param="payment_behavior")
    bills_period = order.trial_end is None and order.start.bills_first_period(now=account.now)
    is_due = bills_period and discounts.net(order.redemptions, order.recurring) > 0
    is_due = is_due or sum(each.amount for each in order.one_time) > 0
    if not is_due or params.get("collection_method") == "send_invoice" or behavior == "default_incomplete":
        return method
    if method is None:
        raise ApiError.invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method. For more information, visit "
            "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
            code="resource_missing",
        )
    if behavior == "error_if_incomplete" and (decline := payments.would_decline(method)):
        raise decline.error()
    return method

"""Change the plan or the quantity of a subscription, as far as the configuration allows it.

Stripe's portal changes only subscriptions with one item that are charged automatically and have no schedule:
https://docs.stripe.com/customer-management#limitations
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sandbox.catalog.meters import usage
from sandbox.core import money, pricing
from sandbox.core.account import Account
from sandbox.core.dry_run import dry_run
from sandbox.core.errors import ApiError
from sandbox.core.periods import MONTHS
from sandbox.core.store import Object
from sandbox.portal.visits import Visit
from sandbox.subscriptions.changes import request as change_request
from sandbox.subscriptions.previews import routes as previews
from sandbox.subscriptions.schedules import routes as schedule_routes

DAYS = {"day": 1, "week": 7}
PREVIEWED = {"billing_cycle_anchor", "items", "proration_behavior", "trial_end"}
CHANGEABLE = {"active", "past_due", "trialing"}


@dataclass(frozen=True)
class Choice:
    """The wanted price and quantity of a subscription's only item; `discounts` come from the session's flow."""

    price: Object
    quantity: int
    discounts: list[Object]


@dataclass(frozen=True)
class Change:
    """A change before it is confirmed: its choice and its next invoice; None if the change waits for the period's end.

    `is_due_now` says whether that invoice is charged at once.
    """

    choice: Choice
    starts_at: int | None
    invoice: Object | None
    is_due_now: bool


def why_not(subscription: Object) -> str | None:
    """Return why the portal can't change this subscription, None if it can."""
    [first, *others] = subscription["items"]["data"]
    if others:
        return "Subscriptions with several items can't be changed here."
    if first["price"]["recurring"]["usage_type"] == "metered":
        return "Plans that are billed by usage can't be changed here."
    if subscription["collection_method"] != "charge_automatically":
        return "Subscriptions that are paid by invoice can't be changed here."
    if subscription["schedule"]:
        return "This subscription has a change scheduled already."
    if subscription["cancel_at"] is not None:
        return "This subscription is set to end. Keep it first."
    return None if subscription["status"] in CHANGEABLE else "This subscription can't be changed now."


def choices(account: Account, visit: Visit, subscription: Object) -> list[Object]:
    """Return the prices that the customer may choose, the present one first."""
    present = subscription["items"]["data"][0]["price"]
    listed = [price_id for product in _products(visit) for price_id in product["prices"]]
    found = [account.get("price", price_id) for price_id in listed if price_id != present["id"]]
    if "price" not in visit.features["subscription_update"]["default_allowed_updates"]:
        found = []
    return [present, *(each for each in found if each and each["active"] and _fits(each, subscription))]


def quantity_limits(visit: Visit, price: Object) -> tuple[int, int] | None:
    """Return the least and the highest quantity of a price that the customer may choose, None if they can't."""
    if "quantity" not in visit.features["subscription_update"]["default_allowed_updates"]:
        return None
    for product in _products(visit):
        if product["product"] == price["product"] and product["adjustable_quantity"]["enabled"]:
            limits = product["adjustable_quantity"]
            return limits["minimum"], limits["maximum"] or 999_999
    return None


def choose(
    account: Account,
    visit: Visit,
    subscription: Object,
    *,
    price_id: str | None = None,
    quantity: int | None = None,
    discounts: list[Object] | None = None,
) -> Choice:
    """Return the checked choice of a plan. Raises ApiError (400) for one that the configuration does not allow."""
    visit.feature("subscription_update")
    if reason := why_not(subscription):
        raise ApiError.invalid(reason, param="subscription")
    item = subscription["items"]["data"][0]
    price = next(
        (each for each in choices(account, visit, subscription) if each["id"] == (price_id or each["id"])), None
    )
    if price is None:
        raise ApiError.invalid("This portal does not offer this price.", param="price")
    chosen = Choice(price, item["quantity"] if quantity is None else quantity, discounts or [])
    if chosen.quantity != item["quantity"]:
        _check_quantity(visit, chosen)
    if (chosen.price["id"], chosen.quantity, chosen.discounts) == (item["price"]["id"], item["quantity"], []):
        raise ApiError.invalid("This is your present plan.", param="price")
    return chosen


def preview(account: Account, visit: Visit, subscription: Object, choice: Choice) -> Change:
    """Return what the change would charge, and when."""
    if _waits(visit, subscription, choice):
        return Change(choice, subscription["items"]["data"][0]["current_period_end"], None, is_due_now=False)
    details = {name: value for name, value in _params(visit, subscription, choice).items() if name in PREVIEWED}
    given = {"subscription": subscription["id"], "subscription_details": details}
    if choice.discounts:
        given["discounts"] = choice.discounts
    invoice = previews.create(account, given)
    return Change(choice, None, invoice, is_due_now=_bills_now(account, visit, subscription, choice))


def confirm(account: Account, visit: Visit, subscription: Object, choice: Choice) -> Object:
    """Change the subscription now, or schedule the change for the end of the period as the configuration says.

    Raises ApiError (402) if the change is charged now and the payment is refused; the plan then stays as it is.
    """
    if _waits(visit, subscription, choice):
        return _schedule(account, subscription, choice)
    params = _params(visit, subscription, choice)
    return change_request.update(account, subscription, {**params, "payment_behavior": "error_if_incomplete"})


def _products(visit: Visit) -> list[Object]:
    found: list[Object] = visit.features["subscription_update"]["products"] or []
    return found


def _fits(price: Object, subscription: Object) -> bool:
    is_licensed = price["recurring"] and not usage.is_metered(price)
    return bool(is_licensed and subscription["currency"] in pricing.currencies(price))


def _check_quantity(visit: Visit, choice: Choice) -> None:
    limits = quantity_limits(visit, choice.price)
    if limits is None:
        raise ApiError.invalid("This portal does not let customers change the quantity.", param="quantity")
    least, most = limits
    if not least <= choice.quantity <= most:
        raise ApiError.invalid(f"The quantity must be from {least} to {most}.", param="quantity")


def _waits(visit: Visit, subscription: Object, choice: Choice) -> bool:
    """Tell whether one of the configuration's conditions makes the change wait for the end of the period."""
    conditions = {
        each["type"] for each in visit.features["subscription_update"]["schedule_at_period_end"]["conditions"]
    }
    item = subscription["items"]["data"][0]
    currency = subscription["currency"]
    before = money.total(item["price"], item["quantity"], currency=currency)
    after = money.total(choice.price, choice.quantity, currency=currency)
    is_shorter = _days(choice.price) < _days(item["price"])
    return ("decreasing_item_amount" in conditions and after < before) or (
        "shortening_interval" in conditions and is_shorter
    )


def _days(price: Object) -> int:
    """Return about how many days the price's interval has, to tell the shorter one."""
    interval, count = price["recurring"]["interval"], price["recurring"]["interval_count"]
    return int(count * (DAYS[interval] if interval in DAYS else MONTHS[interval] * 30.4))


def _params(visit: Visit, subscription: Object, choice: Choice) -> dict[str, Any]:
    """Return the change as parameters of `subscriptions.update`."""
    feature = visit.features["subscription_update"]
    item = {"id": subscription["items"]["data"][0]["id"], "price": choice.price["id"], "quantity": choice.quantity}
    params: dict[str, Any] = {"items": [item], "proration_behavior": feature["proration_behavior"]}
    if feature["billing_cycle_anchor"] == "now":
        params["billing_cycle_anchor"] = {"type": "now"}
    if subscription["status"] == "trialing" and feature["trial_update_behavior"] == "end_trial":
        params["trial_end"] = "now"
    if choice.discounts:
        params["discounts"] = choice.discounts
    return params


def _bills_now(account: Account, visit: Visit, subscription: Object, choice: Choice) -> bool:
    """Tell whether the change creates an invoice at once. Tries it in a dry run."""
    with dry_run(account):
        tried = change_request.apply(account, deepcopy(subscription), _params(visit, subscription, choice))
        return bool(tried["latest_invoice"] != subscription["latest_invoice"])


def _schedule(account: Account, subscription: Object, choice: Choice) -> Object:
    """Add a second phase with the choice, which begins when the present period ends and is then released."""
    schedule = schedule_routes.create(account, {"from_subscription": subscription["id"]})
    [phase] = schedule["phases"]
    present = [{"price": each["price"], "quantity": each["quantity"]} for each in phase["items"]]
    recurring = choice.price["recurring"]
    duration = {"interval": recurring["interval"], "interval_count": recurring["interval_count"]}
    phases = [
        {"items": present, "start_date": phase["start_date"], "end_date": phase["end_date"]},
        {"items": [{"price": choice.price["id"], "quantity": choice.quantity}], "duration": duration},
    ]
    given = {"end_behavior": "release", "phases": phases, "proration_behavior": "none"}
    schedule_routes.update(account, given, schedule["id"])
    return account.find("subscription", subscription["id"])

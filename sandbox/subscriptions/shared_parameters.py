"""Parameters that create, update and checkout read alike: trial, description, billing mode, currency and amount."""

from dataclasses import dataclass
from typing import Any

from sandbox.core import money, periods, pricing
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.invoices import subscription_state

MAX_TRIAL_DAYS = 730
# Stripe requires the `trial_end` of a checkout session to be at least 48 hours away.
MIN_CHECKOUT_TRIAL = 2 * DAY


@dataclass(frozen=True)
class Trial:
    """The requested trial: a number of days, an end date, or neither for no trial."""

    days: int | None = None
    end: int | None = None

    def ends(self, *, now: int) -> int | None:
        return self.end if self.days is None else now + self.days * DAY


def trial(account: Account, given: Params, *, path: str = "") -> Trial:
    """Read `trial_period_days` or `trial_end`; `path` is the parameter that contains them, if any."""
    if "trial_period_days" in given and "trial_end" in given:
        raise ApiError.invalid("You may only specify one of these parameters: trial_end, trial_period_days.")
    if "trial_period_days" in given:
        return Trial(days=_trial_days(given["trial_period_days"], param=_nested_name(path, "trial_period_days")))
    if "trial_end" in given and given["trial_end"] != "now":
        return Trial(end=_trial_end(account, given["trial_end"], path))
    return Trial()


def shared_members(_account: Account, given: Params) -> dict[str, Any]:
    """Return the checked `description`, `trial_settings` and `billing_mode`, if given."""
    members: dict[str, Any] = {}
    if "description" in given:
        members["description"] = limits.text(given["description"], param="description", longest=500) or None
    if "trial_settings" in given:
        end_behavior = {"missing_payment_method": "create_invoice", **given["trial_settings"]["end_behavior"]}
        if "billing_cycle_anchor" in end_behavior:
            raise ApiError.unsupported_parameter("trial_settings[end_behavior][billing_cycle_anchor]")
        members["trial_settings"] = {"end_behavior": end_behavior}
    if "billing_mode" in given:
        members["billing_mode"] = billing_mode(given["billing_mode"])
    return members


def collection(given: Params, current: Object) -> dict[str, Any]:
    """Return `collection_method` and `days_until_due` after the request; only sent invoices have a due date."""
    if not given.keys() & {"collection_method", "days_until_due"}:
        return {}
    method = given.get("collection_method", current["collection_method"])
    if method != "send_invoice":
        if "days_until_due" in given:
            raise ApiError.invalid(
                "You can only set `days_until_due` if the `collection_method` is `send_invoice`.",
                param="days_until_due",
            )
        return {"collection_method": method, "days_until_due": None}
    days = given.get("days_until_due", current["days_until_due"])
    if days is None:
        raise ApiError.invalid(
            "You must pass `days_until_due` when `collection_method` is `send_invoice`.", param="days_until_due"
        )
    return {"collection_method": method, "days_until_due": limits.amount(days, param="days_until_due")}


def payment_settings(given: Params, current: Object) -> dict[str, Any]:
    """Return the `payment_settings` after the request, if it has any; only cards can be named."""
    if "payment_settings" not in given:
        return {}
    settings = dict(given["payment_settings"])
    if types := settings.get("payment_method_types"):
        if set(types) != {"card"}:
            raise ApiError.unsupported_parameter("payment_settings[payment_method_types]")
    elif types == "":
        settings["payment_method_types"] = None
    if "payment_method_options" in settings:
        settings["payment_method_options"] = _method_options(settings["payment_method_options"])
    return {"payment_settings": {**current, **settings}}


def check_currency(account: Account, customer: Object, currency: str) -> None:
    """Raise ApiError if the customer has a running subscription in another currency."""
    for subscription in account.store.scan("subscription", index=("customer", customer["id"])):
        if subscription["status"] not in subscription_state.ENDED and subscription["currency"] != currency:
            raise ApiError.invalid(
                "You cannot combine currencies on a single customer. This customer has an active subscription, "
                "subscription schedule, discount, quote, or invoice item with currency "
                f"{subscription['currency']}."
            )


def chosen_currency(asked: str | None, customer: Object | None, prices: list[Object]) -> str:
    """Return the currency to bill in: the requested one, else the customer's if all prices have it.

    Otherwise it is the currency of the first price.
    """
    if asked is not None:
        return limits.currency(asked)
    known = customer["currency"] if customer else None
    if known and all(known in pricing.currencies(price) for price in prices):
        return str(known)
    return str(prices[0]["currency"])


def check_combination(prices: list[Object], *, currency: str, param: str = "items", mode: str = "flexible") -> None:
    """Raise ApiError if a price occurs twice or has no amounts in the currency, or if intervals do not fit."""
    ids = [price["id"] for price in prices]
    if twice := next((price_id for price_id in ids if ids.count(price_id) > 1), None):
        raise ApiError.invalid(f"Cannot add multiple subscription items with the same plan: {twice}", param="items")
    for price in prices:
        check_price_currency(price, currency, param=param)
    _check_intervals(prices, mode)


def check_price_currency(price: Object, currency: str, *, param: str) -> None:
    """Raise ApiError if the price has no amounts in the currency."""
    known = pricing.currencies(price)
    if currency not in known:
        listed = ", ".join(f"`{each}`" for each in sorted(known))
        raise ApiError.invalid(
            f"The price specified only supports {listed}. This doesn't match the expected currency: `{currency}`.",
            param=param,
        )


def _check_intervals(prices: list[Object], mode: str) -> None:
    """Raise ApiError unless all intervals are the same or, in flexible mode, multiples of the shortest one.

    https://docs.stripe.com/billing/subscriptions/mixed-interval
    """
    rhythms = {(price["recurring"]["interval"], price["recurring"]["interval_count"]) for price in prices}
    if mode == "classic" and len(rhythms) > 1:
        raise ApiError.invalid(
            "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`. If "
            "you meant to update an existing subscription item instead of creating a new one, make sure to include "
            "the subscription item ID in your request. See examples at "
            "https://stripe.com/docs/billing/subscriptions/multiple-products.",
            param="items",
        )
    if not periods.fit_together(rhythms):
        raise ApiError.invalid(
            "Every price interval on a mixed interval subscription must be a multiple of the shortest price interval.",
            param="items",
        )


def check_amount(amount: int, currency: str) -> None:
    """Raise ApiError if the amount is more than an invoice can have."""
    if amount > money.most_charge(currency):
        most = money.shown(money.most_charge(currency), currency)
        raise ApiError.invalid(f"Amount must be no more than {most}", param="items", code="amount_too_large")


def _method_options(given: Params) -> Object | None:
    path = "payment_settings[payment_method_options]"
    for name in sorted(given.keys() - {"card"}):
        raise ApiError.unsupported_parameter(f"{path}[{name}]")
    card = given.get("card") or {}
    if "mandate_options" in card:
        raise ApiError.unsupported_parameter(f"{path}[card][mandate_options]")
    if card.get("request_three_d_secure", "automatic") != "automatic":
        raise ApiError.unsupported_parameter(f"{path}[card][request_three_d_secure]")
    return {"card": {"network": None, "request_three_d_secure": None, **card}} if card else None


def billing_mode(given: Params) -> dict[str, Any]:
    """Return the member `billing_mode`; the caller adds when it was adopted."""
    if given["type"] == "classic":
        return {"flexible": None, "type": "classic"}
    discounts = given.get("flexible", {}).get("proration_discounts", "included")
    return {"flexible": {"proration_discounts": discounts}, "type": "flexible"}


def _trial_days(days: int, *, param: str) -> int:
    if days < 1:
        raise ApiError.invalid(
            "Invalid trial_period_days: must be at least one day.", param=param, code="parameter_invalid_integer"
        )
    if days > MAX_TRIAL_DAYS:
        raise ApiError.invalid(
            f"Invalid trial_period_days: must be at most {MAX_TRIAL_DAYS} days (2 years).",
            param=param,
            code="parameter_invalid_integer",
        )
    return days


def _trial_end(account: Account, end: int, path: str) -> int:
    param = _nested_name(path, "trial_end")
    if path and end < account.now + MIN_CHECKOUT_TRIAL:
        raise ApiError.invalid("The `trial_end` date has to be at least 2 days in the future.", param=param)
    if end <= account.now:
        raise ApiError.invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", param=param)
    if end > account.now + MAX_TRIAL_DAYS * DAY:
        raise ApiError.invalid("Invalid timestamp: can be no more than two years in the future.", param=param)
    return end


def _nested_name(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name

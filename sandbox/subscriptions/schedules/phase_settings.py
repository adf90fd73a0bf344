"""Read the settings of a schedule's phase that its subscription gets: trial, discounts, collection, extra items."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params
from sandbox.payments import payment_method_routes
from sandbox.subscriptions import create_request

COPIED = ("billing_cycle_anchor", "collection_method")


def read(account: Account, given: Params, path: str, *, customer: str, start: int, end: int) -> dict[str, Any]:
    """Return the phase's members for these parameters."""
    members: dict[str, Any] = {name: given[name] for name in COPIED if name in given}
    members["trial_end"] = _trial_end(given, path, start=start, end=end)
    if members["trial_end"] and given.get("billing_cycle_anchor") == "phase_start":
        raise ApiError.invalid(
            "`billing_cycle_anchor` cannot be `phase_start` if the phase has a trial.",
            param=f"{path}[billing_cycle_anchor]",
        )
    if "default_payment_method" in given:
        payer = account.find("customer", customer)
        param = f"{path}[default_payment_method]"
        method = payment_method_routes.attached(account, given["default_payment_method"], payer, param=param)
        members["default_payment_method"] = method["id"]
    members["invoice_settings"] = _invoice_settings(given, path)
    members["discounts"] = _discounts(account, given, path)
    members["add_invoice_items"] = [
        _extra_item(order.price["id"], order.quantity, order.metadata)
        for order in create_request.one_time_orders(account, given, f"{path}[add_invoice_items]")
    ]
    return members


def _trial_end(given: Params, path: str, *, start: int, end: int) -> int | None:
    if given.get("trial") and "trial_end" in given:
        raise ApiError.invalid("You may only specify one of these parameters: trial, trial_end.", param=path)
    if given.get("trial"):
        return end
    trial_end: int | None = given.get("trial_end")
    if trial_end is not None and not start < trial_end <= end:
        raise ApiError.invalid("The trial has to end within its phase.", param=f"{path}[trial_end]")
    return trial_end


def _invoice_settings(given: Params, path: str) -> Object | None:
    settings = given.get("invoice_settings", {})
    for name in sorted(settings.keys() - {"days_until_due"}):
        raise ApiError.unsupported_parameter(f"{path}[invoice_settings][{name}]")
    if given.get("collection_method") == "send_invoice" and "days_until_due" not in settings:
        raise ApiError.invalid(
            "You must pass `days_until_due` when `collection_method` is `send_invoice`.",
            param=f"{path}[invoice_settings][days_until_due]",
        )
    if not settings:
        return None
    return {"account_tax_ids": None, "days_until_due": settings["days_until_due"], "issuer": None}


def _discounts(account: Account, given: Params, path: str) -> list[Object]:
    """Return the phase's discounts; the coupon or code is redeemed when the phase begins."""
    found = []
    for index, each in enumerate(given.get("discounts") or []):
        if "discount" in each:
            raise ApiError.unsupported_parameter(f"{path}[discounts][{index}][discount]")
        for kind, name in (("coupon", "coupon"), ("promotion_code", "promotion_code")):
            if name in each:
                account.find(kind, each[name], param=f"{path}[discounts][{index}][{name}]")
        found.append({"coupon": each.get("coupon"), "discount": None, "promotion_code": each.get("promotion_code")})
    return found


def redemption_params(phase: Object) -> Params:
    """Return the phase's discounts as the parameter `discounts` of a new subscription."""
    return {
        "discounts": [
            {name: value for name, value in each.items() if value is not None} for each in phase["discounts"]
        ]
    }


def _extra_item(price: str, quantity: int, metadata: dict[str, str]) -> Object:
    return {
        "discountable": True,
        "discounts": [],
        "metadata": metadata,
        "period": {"end": {"type": "min_item_period_end"}, "start": {"type": "max_item_period_start"}},
        "price": price,
        "quantity": quantity,
        "tax_rates": [],
    }

"""Read the parameters of `checkout.sessions.create` other than line items: customer, trial, invoice and metadata."""

from typing import Any

from sandbox.checkout import shapes
from sandbox.checkout.asked import options as asked
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.subscriptions import shared_parameters

ONLY_IN = {
    "payment": ("invoice_creation", "payment_intent_data"),
    "setup": ("setup_intent_data",),
    "subscription": ("payment_method_collection", "subscription_data"),
}
# Parameters that the sandbox takes only to leave the feature off.
SWITCHED_OFF = ("automatic_tax", "managed_payments", "tax_id_collection")
SUBSCRIPTION_DATA = frozenset(
    {"billing_mode", "description", "metadata", "trial_end", "trial_period_days", "trial_settings"}
)
PAYMENT_INTENT_DATA = frozenset({"description", "metadata", "receipt_email", "setup_future_usage"})
INVOICE_DATA = frozenset({"description", "footer", "metadata"})


def from_request(account: Account, params: Params, session: Object) -> dict[str, Any]:
    """Return the session members that the request sets; those with an underscore are kept for the payment."""
    mode = session["mode"]
    for other, names in ONLY_IN.items():
        for name in names:
            if name in params and mode != other:
                raise ApiError.invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if "customer_creation" in params and mode == "subscription":
        raise ApiError.invalid(
            "You can not pass `customer_creation` in `subscription` mode.", param="customer_creation"
        )
    for name in SWITCHED_OFF:
        if params.get(name, {}).get("enabled"):
            raise ApiError.unsupported_parameter(f"{name}[enabled]")
    return {
        **asked.from_request(params, session),
        **_customer_options(account, params, session),
        **listing.given(params, "adaptive_pricing", "customer_creation", "payment_method_collection"),
        **_invoice_creation(params, session),
        "_payment_intent_data": _payment_intent_data(params.get("payment_intent_data", {})),
        **_subscription_data(account, params.get("subscription_data", {})),
    }


def _customer_options(account: Account, params: Params, session: Object) -> dict[str, Any]:
    if "customer" in params and "customer_email" in params:
        raise ApiError.invalid("You may only specify one of these parameters: customer, customer_email.")
    if "customer_email" in params:
        email = limits.email(params["customer_email"], param="customer_email")
        return {"customer_details": shapes.customer_details(email=email), "customer_email": email}
    if "customer" not in params:
        if "saved_payment_method_options" in params:
            raise ApiError.invalid(
                "`saved_payment_method_options` can only be used with `customer`.",
                param="saved_payment_method_options",
            )
        return {}
    if "customer_creation" in params:
        raise ApiError.invalid(
            "You may only specify one of these parameters: customer, customer_creation.", param="customer_creation"
        )
    customer = account.find("customer", params["customer"], param="customer")
    if session["mode"] == "subscription":
        shared_parameters.check_currency(account, customer, session["currency"])
    return {
        "customer": customer["id"],
        "customer_creation": None,
        "customer_details": shapes.customer_details(
            email=customer["email"], tax_exempt=None if session["mode"] == "setup" else "none"
        ),
        "saved_payment_method_options": None if session["mode"] == "setup" else _saved_payment_methods(params),
    }


def _saved_payment_methods(params: Params) -> Object:
    """Return which saved cards the page offers, and whether the buyer may save a new one."""
    given = params.get("saved_payment_method_options", {})
    if given.get("payment_method_remove") == "enabled":
        raise ApiError.unsupported_parameter("saved_payment_method_options[payment_method_remove]")
    return {
        "allow_redisplay_filters": given.get("allow_redisplay_filters", ["always"]),
        "payment_method_remove": "disabled",
        "payment_method_save": given.get("payment_method_save"),
    }


def _invoice_creation(params: Params, session: Object) -> dict[str, Any]:
    if "invoice_creation" not in params:
        return {"invoice_creation": session["invoice_creation"]}
    wanted = params["invoice_creation"]
    data = wanted.get("invoice_data", {})
    _refuse_unsupported(data, INVOICE_DATA, "invoice_creation[invoice_data]")
    data = {**data, "metadata": metadata.merged({}, data, param="invoice_creation[invoice_data][metadata]")}
    return {"invoice_creation": shapes.invoice_creation(enabled=wanted["enabled"], given=data)}


def _payment_intent_data(given: Params) -> dict[str, Any]:
    _refuse_unsupported(given, PAYMENT_INTENT_DATA, "payment_intent_data")
    return {
        **{name: given.get(name) for name in ("description", "receipt_email", "setup_future_usage")},
        "metadata": metadata.merged({}, given, param="payment_intent_data[metadata]"),
    }


def _subscription_data(account: Account, given: Params) -> dict[str, Any]:
    _refuse_unsupported(given, SUBSCRIPTION_DATA, "subscription_data")
    trial = shared_parameters.trial(account, given, path="subscription_data")
    members = shared_parameters.shared_members(account, given)
    members["metadata"] = metadata.merged({}, given, param="subscription_data[metadata]")
    return {"_subscription_data": members, "_trial_days": trial.days, "_trial_end": trial.end}


def _refuse_unsupported(given: Params, supported: frozenset[str], path: str) -> None:
    for name in sorted(given.keys() - supported):
        raise ApiError.unsupported_parameter(f"{path}[{name}]")

"""The members of a payment intent that a request sets, when it is created, updated or confirmed."""

from typing import Any

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError, within
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.payments import method_types, rules, shapes
from sandbox.payments.methods import creating, naming

MEMBERS = frozenset(
    {
        "allowed_payment_method_types",
        "amount",
        "capture_method",
        "currency",
        "customer",
        "description",
        "excluded_payment_method_types",
        "metadata",
        "payment_method",
        "payment_method_data",
        "payment_method_options",
        "payment_method_types",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "statement_descriptor",
        "statement_descriptor_suffix",
    }
)
ONLY_WHEN_CREATED = frozenset(
    {
        "automatic_payment_methods",
        "confirm",
        "confirmation_method",
        "error_on_requires_action",
        "off_session",
        "return_url",
        "use_stripe_sdk",
    }
)
WHEN_CONFIRMED = frozenset(
    {
        "capture_method",
        "error_on_requires_action",
        "off_session",
        "payment_method",
        "payment_method_data",
        "payment_method_options",
        "receipt_email",
        "return_url",
        "setup_future_usage",
        "shipping",
        "use_stripe_sdk",
    }
)
MAX_DESCRIPTOR, MAX_DESCRIPTION = 22, 1000
ALL_ENABLED = {"allow_redirects": "always", "enabled": True}


def new(account: Account, params: Params) -> Object:
    """Return a new intent without a payment method, as the request describes it."""
    currency = limits.currency(params["currency"])
    amount = money.chargeable(params["amount"], currency)
    customer = account.find("customer", params["customer"], param="customer")["id"] if "customer" in params else None
    types = _types(params, currency)
    intent = shapes.intent(amount=amount, currency=currency, customer=customer, created=account.now, types=types)
    intent["payment_method_options"] = method_types.own_options(types)
    automatic = _automatic_methods(params)
    return intent | {
        "automatic_payment_methods": automatic,
        "capture_method": params.get("capture_method", "automatic_async"),
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "excluded_payment_method_types": params.get("excluded_payment_method_types") or None,
        "payment_method_configuration_details": method_types.CONFIGURATION if automatic else None,
        **changes(account, intent, params),
    }


def changes(account: Account, intent: Object, params: Params) -> dict[str, Any]:
    """Return the changes to the intent that the request asks for, without its payment method."""
    changed: dict[str, Any] = {}
    currency = limits.currency(params["currency"]) if "currency" in params else intent["currency"]
    if "amount" in params or currency != intent["currency"]:
        amount: int = params["amount"] if "amount" in params else intent["amount"]
        money.chargeable(amount, currency)
        changed |= {"amount": amount, "currency": currency}
    if params.get("customer"):
        changed["customer"] = account.find("customer", params["customer"], param="customer")["id"]
    if "metadata" in params:
        changed["metadata"] = metadata.merged(intent["metadata"], params)
    if "shipping" in params:
        changed["shipping"] = shapes.shipping(params["shipping"])
    if "payment_method_options" in params:
        changed["payment_method_options"] = _options(intent, params["payment_method_options"])
    return changed | _texts(params) | _later(intent, params)


def method(account: Account, intent: Object, params: Params) -> Object | None:
    """Return the payment method that the request names or describes; None if it does neither.

    Raises ApiError for one that the intent does not take, or that belongs to another customer.
    """
    if data := params.get("payment_method_data"):
        with within("payment_method_data"):
            found = creating.create(account, data)
    elif params.get("payment_method"):
        found = naming.find(account, params["payment_method"], param="payment_method")
    else:
        return None
    if found["type"] not in intent["payment_method_types"]:
        raise ApiError.invalid(
            f"The PaymentMethod provided ({found['type']}) is not allowed for this PaymentIntent. Please attach a "
            "PaymentMethod of one of the following types: "
            f"{', '.join(intent['payment_method_types'])}. You may need to use a different payment method, or update "
            "the PaymentIntent's payment method types.",
            param="payment_method",
        )
    require_usable(found, customer=intent["customer"])
    return found


def require_usable(method: Object, *, customer: str | None) -> None:
    """Raise ApiError if the payment method is of another customer, or was detached."""
    if method["customer"] is None:
        if method.get("_was_detached") or method.get("_was_used"):
            naming.require_attachable(method)
        return
    if customer is None:
        raise ApiError.invalid(
            f"The payment method supplied ({method['id']}) belongs to the Customer {method['customer']}. Please "
            "include the Customer in the `customer` parameter on the PaymentIntent.",
            param="payment_method",
        )
    if method["customer"] != customer:
        raise ApiError.invalid(
            "The payment method supplied belongs to a different Customer. The Customer on this request is "
            f"{customer}, the payment method belongs to {method['customer']}.",
            param="payment_method",
        )


def _texts(params: Params) -> dict[str, Any]:
    limited = {
        "description": MAX_DESCRIPTION,
        "statement_descriptor": MAX_DESCRIPTOR,
        "statement_descriptor_suffix": MAX_DESCRIPTOR,
    }
    changed: dict[str, Any] = {
        name: limits.text(params[name], param=name, longest=longest) or None
        for name, longest in limited.items()
        if name in params
    }
    if "receipt_email" in params:
        email = params["receipt_email"]
        changed["receipt_email"] = limits.email(email, param="receipt_email") if email else None
    return changed


def _later(intent: Object, params: Params) -> dict[str, Any]:
    """Return the changes of when the intent is captured, and of how its method is used afterwards."""
    changed: dict[str, Any] = {}
    if params.get("capture_method"):
        changed["capture_method"] = params["capture_method"]
        if params["capture_method"] == "manual" and intent["automatic_payment_methods"]:
            types = method_types.in_currency(intent["currency"], captures_later=True)
            changed |= {"payment_method_types": types, "payment_method_options": method_types.own_options(types)}
    if "setup_future_usage" in params:
        changed["setup_future_usage"] = params["setup_future_usage"] or None
    return changed


def _automatic_methods(params: Params) -> Object | None:
    """Return `automatic_payment_methods`: enabled, unless the request has `payment_method_types` of its own."""
    if "payment_method_types" in params:
        return None
    given = params.get("automatic_payment_methods", {})
    if not given.get("enabled", True):
        return None
    return {**ALL_ENABLED, **given}


def _types(params: Params, currency: str) -> list[str]:
    later = params.get("capture_method") == "manual"
    known = method_types.in_currency(currency, captures_later=later)
    for name in ("payment_method_types", "allowed_payment_method_types"):
        if name in params:
            asked = method_types.requested(params[name], known=known, param=name)
            return asked or known
    if not params.get("automatic_payment_methods", {}).get("enabled", True):
        return [method_types.CARD]
    excluded = params.get("excluded_payment_method_types") or []
    return [kind for kind in known if kind not in excluded]


def _options(intent: Object, given: Params) -> Object:
    options = {**intent["payment_method_options"]}
    for kind, chosen in given.items():
        if kind not in method_types.OPTIONS:
            raise ApiError.unsupported_parameter(f"payment_method_options[{kind}]")
        known = {name: value or None for name, value in (chosen or {}).items()}
        limits.refuse_unsupported(
            known, "setup_future_usage", "capture_method", within=f"payment_method_options[{kind}]"
        )
        options[kind] = {**method_types.OPTIONS[kind], **options.get(kind, {}), **known}
    return options


def customer_of(intent: Object) -> str | None:
    """Return the customer to whom a successful payment attaches its method, None if it does not."""
    customer: str | None = intent["customer"]
    return customer if intent["setup_future_usage"] else None


def save_method(account: Account, intent: Object, method: Object) -> None:
    """Attach the method of a payment to its customer if `setup_future_usage` asks for it; else it is used up."""
    if method["customer"] is not None:
        return
    customer = customer_of(intent)
    if customer and method["type"] in method_types.REUSABLE:
        rules.attach(account, method, customer)
    else:
        account.change(method, {"_was_used": True})


def given(params: Params, supported: frozenset[str]) -> Params:
    """Return the parameters, after refusing those that the sandbox does not support."""
    limits.refuse_unsupported(params, *sorted(params.keys() - supported))
    return listing.given(params, *supported)

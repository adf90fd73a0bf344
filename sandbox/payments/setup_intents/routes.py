"""Routes of setup intents."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments import method_types
from sandbox.payments.intents import request
from sandbox.payments.methods import creating
from sandbox.payments.setup_intents import rules, shapes

MEMBERS = frozenset(
    {"customer", "description", "metadata", "payment_method", "payment_method_data", "payment_method_types"}
)
ONLY_WHEN_CREATED = frozenset(
    {
        "allowed_payment_method_types",
        "automatic_payment_methods",
        "confirm",
        "excluded_payment_method_types",
        "return_url",
        "usage",
        "use_stripe_sdk",
    }
)
WHEN_CONFIRMED = frozenset({"payment_method", "payment_method_data", "return_url", "use_stripe_sdk"})
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
DONE = {"cancel": "canceled", "confirm": "confirmed"}
NO_METHOD = (
    "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the SetupIntent "
    "with a payment method and then confirm it again, or confirm it again directly with a payment method or "
    "ConfirmationToken."
)


def create(account: Account, params: Params) -> Object:
    """Create a setup intent; `confirm` saves its payment method at once. Raises ApiError (402) if that is declined."""
    params = request.given(params, MEMBERS | ONLY_WHEN_CREATED)
    if "return_url" in params and not params.get("confirm"):
        raise ApiError.invalid(
            "The parameter `return_url` can be passed only with `confirm=true`.", param="return_url"
        )
    intent = _new(account, params)
    method = request.method(account, intent, params)
    if method:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    account.add(intent, event="setup_intent.created")
    if params.get("confirm"):
        _confirm(account, intent, method, params)
    return intent


def retrieve(account: Account, params: Params, intent_id: str) -> Object:
    limits.refuse_unsupported(params, "client_secret")
    return account.find("setup_intent", intent_id)


def list_all(account: Account, params: Params) -> Object:
    """List setup intents, by customer or payment method."""
    limits.refuse_unsupported(params, "attach_to_self", "customer_account")
    wanted = listing.given(params, "customer", "payment_method")
    return listing.page(
        account,
        "setup_intent",
        params,
        index=next(iter(wanted.items()), None),
        where=lambda intent: listing.matches(intent, wanted),
    )


def update(account: Account, params: Params, intent_id: str) -> Object:
    params = request.given(params, MEMBERS - {"payment_method_types"})
    intent = account.find("setup_intent", intent_id)
    account.change(intent, _changes(account, intent, params))
    if method := request.method(account, intent, params):
        account.change(intent, {"payment_method": method["id"], "status": "requires_confirmation"})
    return intent


def confirm(account: Account, params: Params, intent_id: str) -> Object:
    """Save the payment method, with `payment_method` or the one that the intent has."""
    params = request.given(params, WHEN_CONFIRMED)
    intent = account.find("setup_intent", intent_id)
    _require_open(intent, "confirm")
    _confirm(account, intent, request.method(account, intent, params), params)
    return intent


def cancel(account: Account, params: Params, intent_id: str) -> Object:
    intent = account.find("setup_intent", intent_id)
    _require_open(intent, "cancel")
    rules.cancel(account, intent, reason=params.get("cancellation_reason") or None)
    return intent


def _new(account: Account, params: Params) -> Object:
    known = method_types.for_setup()
    types = known
    for name in ("payment_method_types", "allowed_payment_method_types"):
        if name in params:
            types = method_types.requested(params[name], known=known, param=name) or known
    excluded = params.get("excluded_payment_method_types") or []
    intent = shapes.setup_intent(
        customer=None,
        created=account.now,
        types=[kind for kind in types if kind not in excluded],
        usage=params.get("usage", "off_session"),
    )
    automatic = "payment_method_types" not in params
    return intent | {
        "automatic_payment_methods": (
            {**request.ALL_ENABLED, **params.get("automatic_payment_methods", {})} if automatic else None
        ),
        "excluded_payment_method_types": excluded or None,
        "payment_method_configuration_details": method_types.CONFIGURATION if automatic else None,
        **_changes(account, intent, params),
    }


def _changes(account: Account, intent: Object, params: Params) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if params.get("customer"):
        changed["customer"] = account.find("customer", params["customer"], param="customer")["id"]
    if "description" in params:
        changed["description"] = limits.text(params["description"], param="description") or None
    if "metadata" in params:
        changed["metadata"] = metadata.merged(intent["metadata"], params)
    return changed


def _confirm(account: Account, intent: Object, method: Object | None, params: Params) -> None:
    if method is None and intent["payment_method"]:
        method = account.find("payment_method", intent["payment_method"])
    if method is None:
        raise ApiError(NO_METHOD, code="setup_intent_unexpected_state", setup_intent=public(intent))
    creating.require_payer(method)
    decline = rules.confirm(account, intent, method, return_url=params.get("return_url"))
    if decline is not None:
        raise decline.error(setup_intent=public(intent), payment_method=public(method))


def _require_open(intent: Object, action: str) -> None:
    if intent["status"] not in OPEN:
        raise ApiError(
            f"You cannot {action} this SetupIntent because it has a status of {intent['status']}. Only a SetupIntent "
            f"with one of the following statuses may be {DONE[action]}: {', '.join(OPEN)}.",
            code="setup_intent_unexpected_state",
            setup_intent=public(intent),
        )


ROUTES: Routes = [
    ("POST", "/v1/setup_intents", create),
    ("GET", "/v1/setup_intents", list_all),
    ("GET", "/v1/setup_intents/<intent_id>", retrieve),
    ("POST", "/v1/setup_intents/<intent_id>", update),
    ("POST", "/v1/setup_intents/<intent_id>/confirm", confirm),
    ("POST", "/v1/setup_intents/<intent_id>/cancel", cancel),
]

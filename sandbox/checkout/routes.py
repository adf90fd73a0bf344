"""The `/v1/checkout/sessions` routes; rules.py pays a session, as its hosted page does."""

from typing import Any

from sandbox.checkout import rules, session_discounts, session_lines, session_options, shapes
from sandbox.checkout.asked import options as asked
from sandbox.checkout.asked import other_methods
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata, sublists
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments.setup_intents import shapes as setup_shapes

SUPPORTED = asked.PARAMETERS | frozenset(
    {
        "adaptive_pricing",
        "allow_promotion_codes",
        "allowed_payment_method_types",
        "automatic_tax",
        "cancel_url",
        "client_reference_id",
        "currency",
        "customer",
        "customer_creation",
        "customer_email",
        "discounts",
        "excluded_payment_method_types",
        "expires_at",
        "invoice_creation",
        "integration_identifier",
        "line_items",
        "locale",
        "managed_payments",
        "metadata",
        "mode",
        "origin_context",
        "payment_intent_data",
        "payment_method_collection",
        "saved_payment_method_options",
        "setup_intent_data",
        "subscription_data",
        "success_url",
        "tax_id_collection",
        "ui_mode",
    }
)
COPIED = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "client_reference_id",
    "excluded_payment_method_types",
    "integration_identifier",
    "locale",
    "origin_context",
)
# Indexed filters, the most selective first.
SELECTIVE = ("subscription", "payment_intent", "customer", "payment_link")
MIN_LIFETIME = 30 * 60
MAX_LIFETIME = 24 * 3600
NOT_OPEN = 'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '


def create(account: Account, params: Params) -> Object:
    """Create an open session; its page is at `url` until it is paid or expires."""
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    mode = _mode(params)
    urls = _urls(params)
    line_items = [] if mode == "setup" else session_lines.from_request(account, params, mode=mode)
    return open_session(account, params, line_items=line_items, members=urls)


def open_session(account: Account, params: Params, *, line_items: list[Object], members: dict[str, Any]) -> Object:
    """Create an open session for these line items; `members` are those that do not come from the parameters."""
    session = new_session(account, params, line_items=line_items) | members
    if session["mode"] == "setup":
        session["setup_intent"] = _setup_intent(account, params, session)["id"]
    account.add(session)
    account.store.set_due("checkout.session", session["id"], session["expires_at"])
    return session


def new_session(account: Account, params: Params, *, line_items: list[Object]) -> Object:
    """Return a session made of the parameters, without saving it. Raises ApiError if they do not fit together."""
    mode, currency = _mode(params), _currency(params, line_items)
    session = shapes.session(
        mode=mode,
        currency=currency,
        types=_types(params, mode, currency),
        created=account.now,
        expires_at=_expires_at(account, params),
        line_items=line_items,
        base_url=account.base_url,
    )
    session |= listing.given(params, *COPIED)
    session |= {"metadata": metadata.merged({}, params)}
    session |= session_options.from_request(account, params, session)
    session_discounts.set_from_request(account, params, session)
    return session


def _currency(params: Params, line_items: list[Object]) -> str:
    if not line_items:
        return limits.currency(params["currency"])
    currency: str = line_items[0]["currency"]
    if params.get("currency", currency).lower() != currency:
        raise ApiError.unsupported_parameter("currency")
    return currency


def _types(params: Params, mode: str, currency: str) -> list[str]:
    """Return the types of payment methods that the session takes, after the seller's choice."""
    allowed = params.get("allowed_payment_method_types")
    excluded = params.get("excluded_payment_method_types") or []
    found = [
        each
        for each in other_methods.types(mode, currency)
        if each not in excluded and (allowed is None or each in allowed)
    ]
    if "card" not in found:
        named = "allowed_payment_method_types" if allowed is not None else "excluded_payment_method_types"
        raise ApiError.unsupported_parameter(named)
    return found


def _setup_intent(account: Account, params: Params, session: Object) -> Object:
    """Create the setup intent of a session that saves a payment method."""
    given = params.get("setup_intent_data", {})
    limits.refuse_unsupported({f"setup_intent_data[{name}]": 1 for name in given}, "setup_intent_data[on_behalf_of]")
    intent = setup_shapes.setup_intent(
        customer=session["customer"], created=account.now, types=session["payment_method_types"]
    )
    intent |= {
        "description": given.get("description"),
        "metadata": metadata.merged({}, given, param="setup_intent_data[metadata]"),
    }
    return account.add(intent, event="setup_intent.created")


def retrieve(account: Account, _params: Params, session_id: str) -> Object:
    return account.find("checkout.session", session_id)


def update(account: Account, params: Params, session_id: str) -> Object:
    """Change the metadata. Stripe changes the rest only for pages that are embedded in the seller's own."""
    limits.refuse_unsupported(params, *sorted(params.keys() - {"metadata"}))
    session = account.find("checkout.session", session_id)
    return account.change(session, {"metadata": metadata.merged(session["metadata"], params)})


def list_all(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, "customer_account")
    wanted = listing.given(params, "customer", "payment_intent", "payment_link", "status", "subscription")
    email = params.get("customer_details", {}).get("email")
    index = next(((name, wanted[name]) for name in SELECTIVE if name in wanted), None)
    return listing.page(
        account,
        "checkout.session",
        params,
        index=index,
        where=lambda session: (
            listing.matches(session, wanted)
            and (email is None or (session["customer_details"] or {}).get("email") == email)
        ),
    )


def expire(account: Account, _params: Params, session_id: str) -> Object:
    """Expire an open session before its time; its page takes no payment afterwards."""
    session = account.find("checkout.session", session_id)
    if session["status"] != "open":
        raise ApiError.invalid(f"{NOT_OPEN}{session['status']}.")
    return rules.expire(account, session)


def line_items(account: Account, params: Params, session_id: str) -> Object:
    items = account.find("checkout.session", session_id)["line_items"]
    return sublists.page(items, params)


def _mode(params: Params) -> str:
    mode: str | None = params.get("mode")
    if mode is None:
        raise ApiError.missing_parameter("mode")
    if mode == "setup" and "line_items" in params:
        raise ApiError.invalid("You can not pass `line_items` in `setup` mode.", param="line_items")
    if mode == "setup" and "currency" not in params:
        raise ApiError.missing_parameter("currency")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise ApiError.unsupported_parameter("ui_mode")
    return mode


def _urls(params: Params) -> dict[str, Any]:
    if "success_url" not in params:
        raise ApiError.missing_parameter("success_url")
    return {
        name: limits.url(params[name], param=name) if name in params else None
        for name in ("success_url", "cancel_url")
    }


def _expires_at(account: Account, params: Params) -> int:
    expires_at: int = params.get("expires_at", account.now + MAX_LIFETIME)
    if expires_at < account.now + MIN_LIFETIME:
        raise ApiError.invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.",
            param="expires_at",
        )
    if expires_at > account.now + MAX_LIFETIME:
        raise ApiError.invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at


ROUTES: Routes = [
    ("POST", "/v1/checkout/sessions", create),
    ("GET", "/v1/checkout/sessions", list_all),
    ("GET", "/v1/checkout/sessions/<session_id>", retrieve),
    ("POST", "/v1/checkout/sessions/<session_id>", update),
    ("POST", "/v1/checkout/sessions/<session_id>/expire", expire),
    ("GET", "/v1/checkout/sessions/<session_id>/line_items", line_items),
]

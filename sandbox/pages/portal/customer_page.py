"""Handle requests for the customer's own details: name, e-mail address, phone and address."""

from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers.rules import ADDRESS
from sandbox.local_stripe import LocalStripe
from sandbox.pages import countries, rendering
from sandbox.pages.card_form import MAX_LENGTH, Refusal
from sandbox.pages.portal import common
from sandbox.portal.actions import contact_details
from sandbox.portal.visits import Visit

PLAIN = ("name", "email", "phone")


def show(sandbox: LocalStripe, _request: Request, session_id: str) -> Response:
    """Show the form with the customer's details."""
    with sandbox.transaction():
        visit = common.find_visit(sandbox.account, session_id)
        if visit is None or not visit.features["customer_update"]["enabled"]:
            return common.not_found()
        return _form(visit, typed=_saved(visit.customer))


def save(sandbox: LocalStripe, request: Request, session_id: str) -> Response:
    """Save the details, or show the form again with the error."""
    account = sandbox.account
    typed = {name: value.strip()[:MAX_LENGTH] for name, value in request.form.items()}
    with sandbox.transaction():
        visit = common.find_visit(account, session_id)
        if visit is None or not visit.features["customer_update"]["enabled"]:
            return common.not_found()
        try:
            with account.attempt():
                contact_details.change(account, visit, _given(visit, typed))
        except ApiError as error:
            return _form(visit, typed=typed, refusal=Refusal(error.message, error.param))
        return common.after_change(visit, "customer")


def _form(visit: Visit, *, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    return rendering.page(
        "portal_customer.html",
        status=400 if refusal else 200,
        allowed=visit.features["customer_update"]["allowed_updates"],
        countries=countries.names(),
        typed=typed,
        refusal=refusal,
        back=common.back_link(visit),
    )


def _saved(customer: Object) -> dict[str, str]:
    """Return the saved details as values of the form's fields."""
    saved = {name: customer[name] for name in PLAIN}
    saved |= {f"address_{name}": value for name, value in (customer["address"] or {}).items()}
    shipping = customer["shipping"] or {"address": {}, "name": None}
    saved |= {f"shipping_{name}": value for name, value in (shipping["address"] or {}).items()}
    saved["shipping_name"] = shipping["name"]
    return {name: value or "" for name, value in saved.items()}


def _given(visit: Visit, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the typed details that the configuration allows, as parameters of `customers.update`."""
    allowed = visit.features["customer_update"]["allowed_updates"]
    given: dict[str, Any] = {name: typed.get(name, "") for name in PLAIN if name in allowed}
    if "address" in allowed:
        given["address"] = _address("address_", typed) or ""
    if "shipping" in allowed:
        address = _address("shipping_", typed)
        given["shipping"] = {"address": address, "name": typed.get("shipping_name", "")} if address else ""
    return given


def _address(prefix: str, typed: Mapping[str, str]) -> dict[str, str | None]:
    """Return the address in these fields; an empty object if all are empty."""
    address = {name: typed.get(f"{prefix}{name}") or None for name in ADDRESS}
    return address if any(address.values()) else {}

"""Read the parameters of `checkout.sessions.create` that say what the page asks and shows."""

from typing import Any

from sandbox.checkout.asked import custom_fields
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params

PARAMETERS = frozenset(
    {
        "after_expiration",
        "billing_address_collection",
        "consent_collection",
        "custom_fields",
        "custom_text",
        "customer_update",
        "phone_number_collection",
        "shipping_address_collection",
        "submit_type",
    }
)
MAX_MESSAGE = 1200
SUBMIT_TYPES = {"payment": {"auto", "book", "donate", "pay"}, "subscription": {"auto", "subscribe"}, "setup": {"auto"}}


def from_request(params: Params, session: Object) -> dict[str, Any]:
    """Return the session members that the request sets; those with an underscore are private."""
    members: dict[str, Any] = listing.given(params, "billing_address_collection", "shipping_address_collection")
    members["custom_fields"] = custom_fields.from_request(params.get("custom_fields", []))
    members["custom_text"] = custom_text(params.get("custom_text", {}), session["custom_text"])
    if "phone_number_collection" in params:
        members["phone_number_collection"] = {"enabled": params["phone_number_collection"]["enabled"]}
    if "consent_collection" in params:
        members["consent_collection"] = consent_collection(params["consent_collection"])
    if "submit_type" in params:
        members["submit_type"] = _submit_type(params["submit_type"], session["mode"])
    if "after_expiration" in params:
        members["after_expiration"] = _after_expiration(params["after_expiration"], session["mode"])
    return members | {"_customer_update": _customer_update(params)}


def custom_text(given: Params, present: Object) -> Object:
    """Return the texts of the page: the present ones with the given changes; an empty text removes one."""
    for name, text in given.items():
        if text:
            limits.required_text(text["message"], param=f"custom_text[{name}][message]", longest=MAX_MESSAGE)
    return {**present, **{name: {"message": text["message"]} if text else None for name, text in given.items()}}


def consent_collection(given: Params) -> Object:
    """Return which consents the page asks for."""
    if "payment_method_reuse_agreement" in given:
        raise ApiError.unsupported_parameter("consent_collection[payment_method_reuse_agreement]")
    return {
        "payment_method_reuse_agreement": None,
        "promotions": given.get("promotions"),
        "terms_of_service": given.get("terms_of_service"),
    }


def _submit_type(given: str, mode: str) -> str:
    if given not in SUBMIT_TYPES[mode]:
        raise ApiError.invalid(f"`submit_type` can't be `{given}` in `{mode}` mode.", param="submit_type")
    return given


def _after_expiration(given: Params, mode: str) -> Object | None:
    recovery = given.get("recovery")
    if recovery is None:
        return None
    if mode == "setup":
        raise ApiError.invalid("You can not recover a session in `setup` mode.", param="after_expiration[recovery]")
    allows = recovery.get("allow_promotion_codes", False)
    return {
        "recovery": {
            "allow_promotion_codes": allows,
            "enabled": recovery["enabled"],
            "expires_at": None,
            "url": None,
        }
    }


def _customer_update(params: Params) -> dict[str, str]:
    """Return what the payment copies to the customer: `address`, `name`, `shipping`, each "auto" or "never"."""
    given: dict[str, str] = params.get("customer_update", {})
    if given and "customer" not in params:
        raise ApiError.invalid("`customer_update` can only be used with `customer`.", param="customer_update")
    if given.get("shipping") == "auto" and "shipping_address_collection" not in params:
        raise ApiError.invalid(
            "You can only update the customer's shipping with `shipping_address_collection`.",
            param="customer_update[shipping]",
        )
    return {"address": "never", "name": "never", "shipping": "never", **given}

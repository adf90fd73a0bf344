"""The buyer's answers on a checkout page, checked against what the session asks."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.checkout.asked import custom_fields
from sandbox.core.errors import ApiError
from sandbox.core.store import Object

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
MAX_PHONE = 20


@dataclass(frozen=True)
class Answers:
    """The buyer's input besides contact and payment method; `fields` maps the keys of custom fields to answers.

    `quantities` and `amounts` map line items' ids to the chosen quantity, or the amount the buyer wants to pay.
    """

    phone: str | None = None
    address: dict[str, str] = field(default_factory=dict)
    shipping: dict[str, str] = field(default_factory=dict)
    shipping_name: str | None = None
    accepts_terms: bool = False
    accepts_promotions: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    quantities: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)


def members(session: Object, given: Answers) -> dict[str, Any]:
    """Return the session members with the answers.

    Raises ApiError (400), with the name of the answer as its param, for one that is missing or unfit.
    """
    return {
        "collected_information": session["collected_information"] | {"shipping_details": _shipping(session, given)},
        "consent": _consent(session, given),
        "custom_fields": custom_fields.answered(session["custom_fields"], given.fields),
    }


def phone(session: Object, given: Answers) -> str | None:
    """Return the phone number, if the page asks for it."""
    if not session["phone_number_collection"]["enabled"]:
        return None
    number = (given.phone or "").strip()
    if not any(character.isdigit() for character in number) or len(number) > MAX_PHONE:
        raise ApiError.invalid("Your phone number is incomplete.", param="phone")
    return number


def billing_address(session: Object, given: Answers) -> Object | None:
    """Return the billing address as typed; it is needed only if the session collects it."""
    needed = session["billing_address_collection"] == "required"
    return _address(given.address, param="address") if needed or any(given.address.values()) else None


def _shipping(session: Object, given: Answers) -> Object | None:
    collection = session["shipping_address_collection"]
    if collection is None:
        return None
    address = _address(given.shipping, param="shipping")
    if address["country"] not in collection["allowed_countries"]:
        raise ApiError.invalid(f"We do not ship to {address['country']}.", param="shipping[country]")
    if not (given.shipping_name or "").strip():
        raise ApiError.invalid("The name of the recipient is incomplete.", param="shipping[name]")
    return {"address": address, "name": given.shipping_name}


def _address(typed: dict[str, str], *, param: str) -> Object:
    address = {name: typed.get(name, "").strip() or None for name in ADDRESS}
    for name, label in (("country", "country"), ("line1", "address"), ("city", "city")):
        if not address[name]:
            raise ApiError.invalid(f"Your {label} is incomplete.", param=f"{param}[{name}]")
    country = str(address["country"]).upper()
    if len(country) != 2 or not country.isascii() or not country.isalpha():  # noqa: PLR2004 - ISO 3166-1 alpha-2.
        raise ApiError.invalid("The country must be a code of two letters, such as US.", param=f"{param}[country]")
    return {**address, "country": country}


def _consent(session: Object, given: Answers) -> Object | None:
    asked = session["consent_collection"]
    if asked is None:
        return None
    needs_terms = asked["terms_of_service"] == "required"
    if needs_terms and not given.accepts_terms:
        raise ApiError.invalid("Please accept the terms of service.", param="terms_of_service")
    promotions = ("opt_in" if given.accepts_promotions else "opt_out") if asked["promotions"] == "auto" else None
    return {"promotions": promotions, "terms_of_service": "accepted" if needs_terms else None}

"""The questions of the checkout page besides the card: their fields, the typed values, the buyer's answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from werkzeug.wrappers import Request

from sandbox.checkout.asked import custom_fields
from sandbox.checkout.asked.answers import ADDRESS, Answers
from sandbox.core import money
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.pages import card_form, countries
from sandbox.pages.card_form import Refusal

PREFIXES = ("address_", "shipping_", "field_", "quantity_", "amount_")
NAMES = ("phone", "terms", "promotions", "saved", "save_card", "method")
AN_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,3})?")
PARAM = re.compile(r"(\w+)\[(\w+)\]")
# The prefix of the fields for each parameter with members.
PREFIX_OF_PARAM = {
    "address": "address_",
    "amounts": "amount_",
    "custom_fields": "field_",
    "quantities": "quantity_",
    "shipping": "shipping_",
}
FIELD_OF_PARAM = {"phone": "phone", "terms_of_service": "terms"}


@dataclass(frozen=True)
class Question:
    """A custom field; `options` maps the values of a dropdown to their labels."""

    name: str
    label: str
    optional: bool
    is_numeric: bool
    options: dict[str, str]
    longest: int


@dataclass(frozen=True)
class Asked:
    """The questions that the page asks, and the seller's texts; `shipping` maps country codes to names."""

    phone: bool
    countries: dict[str, str]
    shipping: dict[str, str]
    fields: list[Question]
    terms: str
    promotions: bool
    texts: dict[str, str]


def describe(session: Object) -> Asked:
    """Return what the page of this session asks."""
    names = countries.names()
    collection, consent = session["shipping_address_collection"], session["consent_collection"] or {}
    texts = {name: text["message"] for name, text in session["custom_text"].items() if text}
    needs_terms = consent.get("terms_of_service") == "required"
    return Asked(
        phone=session["phone_number_collection"]["enabled"],
        countries=names if session["billing_address_collection"] == "required" else {},
        shipping={code: names.get(code, code) for code in collection["allowed_countries"]} if collection else {},
        fields=[_question(each) for each in session["custom_fields"]],
        terms=texts.get("terms_of_service_acceptance", "I agree to the terms of service.") if needs_terms else "",
        promotions=consent.get("promotions") == "auto",
        texts=texts,
    )


def initial(session: Object) -> dict[str, str]:
    """Return the values of the fields before the buyer types."""
    return {f"field_{each['key']}": custom_fields.default(each) for each in session["custom_fields"]}


def typed(request: Request) -> dict[str, str]:
    """Return the values typed for questions, cut to the maximum length."""
    return {
        name: value.strip()[: card_form.MAX_LENGTH]
        for name, value in request.form.items()
        if name in NAMES or name.startswith(PREFIXES)
    }


def answers(session: Object, fields: Mapping[str, str]) -> Answers:
    """Return the buyer's answers from the typed values. Raises ApiError for a quantity that is no whole number."""
    return Answers(
        phone=fields.get("phone"),
        address={name: fields.get(f"address_{name}", "") for name in ADDRESS},
        shipping={name: fields.get(f"shipping_{name}", "") for name in ADDRESS},
        shipping_name=fields.get("shipping_name"),
        accepts_terms="terms" in fields,
        accepts_promotions="promotions" in fields,
        fields={each["key"]: fields.get(f"field_{each['key']}", "") for each in session["custom_fields"]},
        quantities=_quantities(fields),
        amounts=_amounts(session, fields),
    )


def refusal(error: ApiError) -> Refusal:
    """Return the message of an error, at the field that it is about."""
    param = error.param or ""
    if found := PARAM.fullmatch(param):
        prefix, name = PREFIX_OF_PARAM.get(found[1]), found[2]
        return Refusal(error.message, prefix and f"{prefix}{name}")
    if param in FIELD_OF_PARAM:
        return Refusal(error.message, FIELD_OF_PARAM[param])
    return Refusal.of(error)


def _quantities(fields: Mapping[str, str]) -> dict[str, int]:
    wanted = {}
    for name, text in fields.items():
        if name.startswith("quantity_"):
            item_id = name.removeprefix("quantity_")
            if not (text.isascii() and text.isdigit()):
                raise ApiError.invalid("The quantity must be a whole number.", param=f"quantities[{item_id}]")
            wanted[item_id] = int(text)
    return wanted


def _amounts(session: Object, fields: Mapping[str, str]) -> dict[str, int]:
    """Return the typed amounts in minor units."""
    wanted = {}
    for item in session["line_items"]["data"] if session["line_items"] else []:
        if (text := fields.get(f"amount_{item['id']}", "")) and item["price"]["custom_unit_amount"]:
            param = f"amounts[{item['id']}]"
            if not AN_AMOUNT.fullmatch(text):
                raise ApiError.invalid("The amount must be a number, such as 12.50.", param=param)
            minor = Decimal(text).scaleb(money.decimals(item["currency"]))
            if minor != minor.to_integral_value():
                raise ApiError.invalid("The amount has too many decimals.", param=param)
            wanted[item["id"]] = int(minor)
    return wanted


def _question(field: Object) -> Question:
    details = field[field["type"]]
    return Question(
        name=f"field_{field['key']}",
        label=field["label"]["custom"],
        optional=field["optional"],
        is_numeric=field["type"] == "numeric",
        options={each["value"]: each["label"] for each in details.get("options", [])},
        longest=details.get("maximum_length") or custom_fields.LONGEST_ANSWER,
    )

"""Create and update payment methods from the parameters of a request."""

from collections.abc import Callable
from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.payments import cards, method_types, shapes
from sandbox.payments.methods import ibans

SUPPORTED = frozenset(
    {
        "allow_redisplay",
        "billing_details",
        "boleto",
        "card",
        "konbini",
        "metadata",
        "oxxo",
        "sepa_debit",
        "type",
        "us_bank_account",
    }
)
PAYER = ("email", "name", "phone", "tax_id")
BRAZILIAN_ID_DIGITS = {11, 14}
NEEDS_PAYER = {
    "boleto": ("address", "email", "name"),
    "konbini": ("email", "name"),
    "oxxo": ("email", "name"),
    "sepa_debit": ("email", "name"),
    "us_bank_account": ("name",),
}


def create(account: Account, params: Params) -> Object:
    """Create a payment method of no customer. Raises ApiError (402) for an invalid card."""
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    if "type" not in params:
        raise ApiError.missing_parameter("type")
    kind = params["type"]
    if kind not in method_types.OPTIONS:
        raise ApiError.unsupported_parameter("type")
    if others := sorted(params.keys() & method_types.OPTIONS.keys() - {kind}):
        raise ApiError.invalid(f"You cannot pass `{others[0]}` to a PaymentMethod of type `{kind}`.", param=others[0])
    payer = _payer(params.get("billing_details"), shapes.billing_details())
    method = BUILDERS[kind](account, params, payer)
    method |= {"metadata": metadata.merged({}, params)} | listing.given(params, "allow_redisplay")
    return account.add(method)


def require_payer(method: Object) -> None:
    """Raise ApiError if billing details are missing that a payment with this type needs."""
    for name in NEEDS_PAYER.get(method["type"], ()):
        known = method["billing_details"][name]
        if not (any(known.values()) if isinstance(known, dict) else known):
            raise ApiError.missing_parameter(f"billing_details[{name}]")


def update(account: Account, method: Object, params: Params) -> Object:
    """Change an attached payment method."""
    limits.refuse_unsupported(params, "us_bank_account")
    if method["customer"] is None:
        raise ApiError.invalid("You must save this PaymentMethod to a customer before you can update it.")
    changes: dict[str, Any] = listing.given(params, "allow_redisplay")
    if "billing_details" in params:
        changes["billing_details"] = _payer(params["billing_details"], method["billing_details"])
    if "metadata" in params:
        changes["metadata"] = metadata.merged(method["metadata"], params)
    if "card" in params:
        changes["card"] = _changed_card(account, method, params["card"])
    return account.change(method, changes, event="payment_method.updated")


def _changed_card(account: Account, method: Object, given: Params) -> Object:
    if method["type"] != method_types.CARD:
        raise ApiError.invalid(
            f"You cannot update `card` on a PaymentMethod of type `{method['type']}`.", param="card"
        )
    limits.refuse_unsupported(given, "networks", within="card")
    expiry = {**method["card"], **given}
    cards.check_expiry(month=expiry["exp_month"], year=expiry["exp_year"], now=account.now)
    return expiry


def _payer(given: Params | str | None, known: Object) -> Object:
    if not isinstance(given, dict):
        return known if given is None else shapes.billing_details()
    if given.get("email"):
        limits.email(given["email"], param="billing_details[email]")
    changed = {name: given[name] or None for name in PAYER if name in given}
    return {**known, **changed} | ({"address": shapes.address(given["address"])} if "address" in given else {})


def _card(account: Account, params: Params, payer: Object) -> Object:
    given = _details(params, "card")
    if "token" in given:
        return _card_of_token(account, given["token"], payer)
    limits.refuse_unsupported(given, "networks", within="card")
    for name in ("number", "exp_month", "exp_year"):
        if name not in given:
            raise ApiError.missing_parameter(f"card[{name}]")
    card = cards.by_number(given["number"])
    cards.check_expiry(month=given["exp_month"], year=given["exp_year"], now=account.now)
    if "cvc" in given:
        cards.check_cvc(given["cvc"])
    expiry = (given["exp_month"], given["exp_year"])
    return shapes.card_method(card, created=account.now, expiry=expiry, payer=payer)


def _card_of_token(account: Account, token: str, payer: Object) -> Object:
    card = cards.BY_TOKEN.get(token)
    if card is None:
        raise ApiError.invalid(f"No such token: '{token}'", param="card[token]", code="resource_missing")
    return shapes.card_method(card, created=account.now, expiry=cards.alias_expiry(account.now), payer=payer)


def _sepa_debit(account: Account, params: Params, payer: Object) -> Object:
    given = _details(params, "sepa_debit")
    if "iban" not in given:
        raise ApiError.missing_parameter("sepa_debit[iban]")
    iban = ibans.read(given["iban"])
    details = {
        **ibans.details(iban),
        "fingerprint": shapes.fingerprint(iban),
        "generated_from": {"charge": None, "setup_attempt": None},
    }
    method = shapes.payment_method("sepa_debit", details, created=account.now, payer=payer)
    return method | {"_number": iban}


def _us_bank_account(account: Account, params: Params, payer: Object) -> Object:
    given = _details(params, "us_bank_account")
    limits.refuse_unsupported(given, "financial_connections_account", within="us_bank_account")
    for name in ("account_number", "routing_number"):
        if name not in given:
            raise ApiError.missing_parameter(f"us_bank_account[{name}]")
    chosen = listing.given(given, "account_holder_type", "account_type", "routing_number")
    return shapes.bank_method(created=account.now, payer=payer, number=given["account_number"], **chosen)


def _boleto(account: Account, params: Params, payer: Object) -> Object:
    tax_id = _details(params, "boleto").get("tax_id")
    if tax_id is None:
        raise ApiError.missing_parameter("boleto[tax_id]")
    if sum(character.isdigit() for character in tax_id) not in BRAZILIAN_ID_DIGITS:
        raise ApiError.invalid("Invalid Brazilian tax ID.", param="boleto[tax_id]", code="tax_id_invalid")
    return shapes.payment_method("boleto", {"tax_id": tax_id}, created=account.now, payer=payer)


def _without_details(kind: str) -> Callable[[Account, Params, Object], Object]:
    return lambda account, _params, payer: shapes.payment_method(kind, {}, created=account.now, payer=payer)


def _details(params: Params, kind: str) -> Params:
    if not isinstance(params.get(kind), dict):
        raise ApiError.missing_parameter(kind)
    details: Params = params[kind]
    return details


BUILDERS: dict[str, Callable[[Account, Params, Object], Object]] = {
    "boleto": _boleto,
    "card": _card,
    "konbini": _without_details("konbini"),
    "oxxo": _without_details("oxxo"),
    "sepa_debit": _sepa_debit,
    "us_bank_account": _us_bank_account,
}

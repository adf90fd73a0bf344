"""Paying by bank debit or voucher instead of a card, with Stripe's test details."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import method_types
from sandbox.payments.methods import creating

TEST_DETAILS: dict[str, dict[str, Any]] = {
    "boleto": {"tax_id": "000.000.000-00"},
    "sepa_debit": {"iban": "DE89370400440532013000"},
    "us_bank_account": {
        "account_holder_type": "individual",
        "account_number": "000123456789",
        "routing_number": "110000000",
    },
}


def types(mode: str, currency: str) -> list[str]:
    """Return the payment method types of a session; vouchers only pay once."""
    found = method_types.in_currency(currency)
    return [each for each in found if mode == "payment" or each not in method_types.VOUCHERS]


def create(account: Account, session: Object, kind: str, *, payer: Object) -> Object:
    """Create a payment method of this type with test details.

    Raises ApiError (400) if the session does not take it.
    """
    if kind not in session["payment_method_types"]:
        raise ApiError.invalid(f"This Checkout Session does not take {kind}.", param="method")
    payer = {**payer, "name": payer["name"] or payer["email"]}
    given = {"type": kind, "billing_details": {name: value for name, value in payer.items() if value}}
    return creating.create(account, given | ({kind: TEST_DETAILS[kind]} if kind in TEST_DETAILS else {}))

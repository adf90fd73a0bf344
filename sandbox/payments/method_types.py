"""Which payment methods the account takes in each currency, and their options as intents show them."""

from collections.abc import Sequence
from typing import Any

from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object

CARD = "card"
DEBITS = frozenset({"sepa_debit", "us_bank_account"})
VOUCHERS = frozenset({"boleto", "konbini", "oxxo"})
BY_CURRENCY = {"brl": "boleto", "eur": "sepa_debit", "jpy": "konbini", "mxn": "oxxo", "usd": "us_bank_account"}
# Types that can be saved for later payments.
REUSABLE = frozenset({CARD, "boleto", *DEBITS})
VOUCHER_DAYS = 3
CONFIGURATION = {"id": "pmc_sandbox", "parent": None}
CARD_OPTIONS = {
    "installments": None,
    "mandate_options": None,
    "network": None,
    "request_three_d_secure": "automatic",
}
OPTIONS: dict[str, dict[str, Any]] = {
    CARD: CARD_OPTIONS,
    "boleto": {"expires_after_days": VOUCHER_DAYS},
    "konbini": {
        "confirmation_number": None,
        "expires_after_days": VOUCHER_DAYS,
        "expires_at": None,
        "product_description": None,
    },
    "oxxo": {"expires_after_days": VOUCHER_DAYS},
    "sepa_debit": {},
    "us_bank_account": {
        "mandate_options": {},
        "transaction_purpose": "unspecified",
        "verification_method": "automatic",
    },
}
BANK_LOGIN = {"financial_connections": {"permissions": ["payment_method"], "prefetch": []}}
SETUP_OPTIONS: dict[str, dict[str, Any]] = {
    CARD: {name: value for name, value in CARD_OPTIONS.items() if name != "installments"},
    "us_bank_account": {"mandate_options": {}, "verification_method": "automatic"},
}


def in_currency(currency: str, *, captures_later: bool = False) -> list[str]:
    """Return the types for a payment in this currency; only cards can be captured later."""
    local = BY_CURRENCY.get(currency)
    return [CARD] if local is None or captures_later else [CARD, local]


def for_setup() -> list[str]:
    """Return the types that can be saved without a payment."""
    return [CARD, *sorted(DEBITS)]


def options(types: Sequence[str]) -> Object:
    """Return the `payment_method_options` of an invoice's payment intent with these types."""
    return {kind: OPTIONS[kind] for kind in types}


def own_options(types: Sequence[str]) -> Object:
    """Return the `payment_method_options` of a payment intent of no invoice: buyers log in at their bank."""
    return {kind: (BANK_LOGIN if kind == "us_bank_account" else {}) | OPTIONS[kind] for kind in types}


def session_options(types: Sequence[str], *, mode: str) -> Object:
    """Return the `payment_method_options` of a checkout session."""
    shown: Object = {CARD: {"request_three_d_secure": "automatic"}}
    if mode == "setup" and "us_bank_account" in types:
        shown["us_bank_account"] = BANK_LOGIN | {"verification_method": "automatic"}
    return shown


def setup_options(types: Sequence[str]) -> Object:
    """Return the `payment_method_options` of a setup intent with these types."""
    return {kind: SETUP_OPTIONS[kind] for kind in types if kind in SETUP_OPTIONS}


def requested(types: Sequence[str], *, known: Sequence[str], param: str) -> list[str]:
    """Return types from a request. Raises ApiError for those that can't be used."""
    for kind in types:
        if kind not in OPTIONS:
            raise ApiError.unsupported_parameter(f"{param}[{kind}]")
        if kind not in known:
            raise ApiError.invalid(
                f'The payment method type "{kind}" is invalid. Please ensure the provided type is activated in your '
                "dashboard (https://dashboard.stripe.com/account/payments/settings) and your account is enabled for "
                "any preview features that you are trying to use.",
                param=param,
            )
    return list(types)


def voucher_expiry(kind: str, intent: Object, *, now: int) -> int:
    """Return when a voucher expires: at the end of its last day, in UTC."""
    chosen = intent["payment_method_options"].get(kind, {})
    if chosen.get("expires_at"):
        at: int = chosen["expires_at"]
        return at
    days = chosen.get("expires_after_days") or VOUCHER_DAYS
    return int((now // DAY + days + 1) * DAY - 1)

"""The parameters that Stripe removed: in which version, from which calls, and what takes their place.

`FORMER` has a row for each. A translation changes the decoded form in place. What the sandbox can't express in the
installed version is refused by name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.http.forms import Form

# (account, the form that holds the parameter, its name, its full name in bracket notation).
Translate = Callable[[Account, Form, str, str], None]

UI_MODES = {"hosted": "hosted_page", "embedded": "embedded_page", "custom": "elements"}


@dataclass(frozen=True)
class Former:
    """A parameter of versions before `removed`; `path` leads to it, with "*" for the numbers of a list."""

    path: str
    removed: str
    calls: tuple[str, ...]
    translate: Translate

    @property
    def segments(self) -> list[str]:
        return self.path.split(".")


def renamed(name: str) -> Translate:
    """Return the translation to a parameter with another name and the same values."""

    def translate(_account: Account, holder: Form, old: str, full: str) -> None:
        _set(holder, name, holder.pop(old), instead_of=full)

    return translate


def _set(holder: Form, name: str, value: str | Form, *, instead_of: str) -> None:
    if name in holder:
        raise ApiError.invalid(
            f"You may only specify one of these parameters: {instead_of}, {name}.", param=instead_of
        )
    holder[name] = value


def _text(holder: Form, name: str, full: str) -> str:
    value = holder.pop(name)
    if isinstance(value, dict):
        raise ApiError.invalid(f"Invalid string: {value}", param=full)
    return value


def _discount(_account: Account, holder: Form, name: str, full: str) -> None:
    """Translate `coupon` and `promotion_code` to a list of one discount; an empty text removes the discounts."""
    value = _text(holder, name, full)
    _set(holder, "discounts", {"0": {name: value}} if value else "", instead_of=full)


def _anchor(_account: Account, holder: Form, name: str, full: str) -> None:
    """Translate "now", "unchanged" and a time to an object."""
    if isinstance(holder[name], dict):
        return
    value = _text(holder, name, full)
    holder[name] = {"type": "timestamp", "timestamp": value} if value.isdecimal() else {"type": value}


def _ui_mode(_account: Account, holder: Form, name: str, full: str) -> None:
    value = _text(holder, name, full)
    if value not in UI_MODES:
        raise ApiError.invalid(f"Invalid {full}: must be one of custom, embedded, or hosted", param=full)
    holder[name] = UI_MODES[value]


def _promotion(_account: Account, holder: Form, name: str, full: str) -> None:
    _set(holder, "promotion", {"type": "coupon", "coupon": holder.pop(name)}, instead_of=full)


def _invoice_item_price(_account: Account, holder: Form, name: str, full: str) -> None:
    _set(holder, "pricing", {"price": holder.pop(name)}, instead_of=full)


def _refunded(_account: Account, holder: Form, name: str, full: str) -> None:
    _set(holder, "refunds", {"0": {"refund": holder.pop(name)}}, instead_of=full)


def _iterations(account: Account, holder: Form, name: str, full: str) -> None:
    """Translate a number of billing periods to a duration, by the interval of the phase's first price."""
    count = _text(holder, name, full)
    items = holder.get("items")
    first = items.get("0") if isinstance(items, dict) else None
    price_id = first.get("price") if isinstance(first, dict) else None
    price = account.get("price", price_id) if isinstance(price_id, str) else None
    if price is None or not price["recurring"] or not count.isdecimal():
        raise ApiError.unsupported_parameter(full)
    every = price["recurring"]
    length: Form = {"interval": every["interval"], "interval_count": str(int(count) * every["interval_count"])}
    _set(holder, "duration", length, instead_of=full)


def _prorate(_account: Account, holder: Form, name: str, full: str) -> None:
    is_wanted = _text(holder, name, full).lower() == "true"
    _set(holder, "proration_behavior", "create_prorations" if is_wanted else "none", instead_of=full)


def _refuse(_account: Account, _holder: Form, _name: str, full: str) -> None:
    raise ApiError.unsupported_parameter(full)


BASIL, CLOVER, DAHLIA, ENDIVE = "2025-03-31.basil", "2025-09-30.clover", "2026-03-25.dahlia", "2026-09-30.endive"

CHECKOUT = ("POST /v1/checkout/sessions",)
CUSTOMERS = ("POST /v1/customers", "POST /v1/customers/{customer}")
INVOICE_ITEMS = ("POST /v1/invoiceitems", "POST /v1/invoiceitems/{invoiceitem}")
PREVIEW = ("POST /v1/invoices/create_preview",)
SCHEDULES = ("POST /v1/subscription_schedules", "POST /v1/subscription_schedules/{schedule}")
UPDATE = ("POST /v1/subscriptions/{subscription_exposed_id}",)
SUBSCRIPTIONS = ("POST /v1/subscriptions", *UPDATE)
INTENTS = (
    "POST /v1/payment_intents",
    "POST /v1/payment_intents/{intent}",
    "POST /v1/payment_intents/{intent}/confirm",
    "POST /v1/setup_intents",
    "POST /v1/setup_intents/{intent}",
)

FORMER = (
    Former("billing_cycle_anchor", ENDIVE, (*UPDATE, "POST /v1/subscriptions/{subscription}/resume"), _anchor),
    Former("subscription_details.billing_cycle_anchor", ENDIVE, PREVIEW, _anchor),
    Former("payment_method_types", ENDIVE, (*CHECKOUT, *INTENTS), renamed("allowed_payment_method_types")),
    Former("line_items.*.dynamic_tax_rates", ENDIVE, CHECKOUT, _refuse),
    Former("ui_mode", DAHLIA, CHECKOUT, _ui_mode),
    Former("coupon", CLOVER, ("POST /v1/promotion_codes",), _promotion),
    Former("phases.*.iterations", CLOVER, SCHEDULES, _iterations),
    Former("coupon", BASIL, (*SUBSCRIPTIONS, *PREVIEW), _discount),
    Former("promotion_code", BASIL, SUBSCRIPTIONS, _discount),
    Former("phases.*.coupon", BASIL, SCHEDULES, _discount),
    Former("coupon", BASIL, CUSTOMERS, _refuse),
    Former("promotion_code", BASIL, CUSTOMERS, _refuse),
    Former("price", BASIL, INVOICE_ITEMS, _invoice_item_price),
    Former("unit_amount", BASIL, INVOICE_ITEMS, renamed("unit_amount_decimal")),
    Former("recurring.aggregate_usage", BASIL, ("POST /v1/prices",), _refuse),
    Former("aggregate_usage", BASIL, ("POST /v1/plans",), _refuse),
    Former("refund", BASIL, ("POST /v1/credit_notes",), _refunded),
    Former("prorate", "2020-08-27", SUBSCRIPTIONS, _prorate),
    Former("billing", "2019-10-17", SUBSCRIPTIONS, renamed("collection_method")),
)

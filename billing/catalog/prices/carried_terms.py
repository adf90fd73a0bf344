"""The terms that a new price takes over from the price that it replaces; a price with other terms is refused."""

from collections.abc import Mapping
from typing import Any

from billing.catalog.errors import HasOtherCurrencies, HasOtherTerms
from billing.models import Price

# The fields of a price that are no terms, or that other code carries over: from our row, the metadata or lookup key.
CARRIED_ELSEWHERE = frozenset(
    {
        "id", "object", "active", "created", "livemode", "product", "type", "deleted",
        "currency", "unit_amount", "unit_amount_decimal", "metadata", "nickname", "lookup_key",
    }
)  # fmt: skip

# The fields whose contents `check` compares, or `of` returns.
CHECKED = frozenset({"currency_options", "billing_scheme", "recurring", "tax_behavior"})
OF_RECURRING = frozenset({"interval", "interval_count", "trial_period_days", "usage_type"})

# What makes an amount vary, in words for staff.
IN_WORDS = {
    "custom_unit_amount": "an amount that the buyer chooses",
    "tiers": "tiers",
    "tiers_mode": "tiers",
    "transform_quantity": "an amount for a package of several",
    "recurring.meter": "billing by use",
}


def check(price: Price, whole: Mapping[str, Any]) -> None:
    """Refuse a price with terms that are not carried over; `whole` is the price at Stripe, with all its currencies.

    Raises HasOtherCurrencies or HasOtherTerms; the latter also for terms that this code does not know.
    """
    if others := sorted((whole.get("currency_options") or {}).keys() - {whole["currency"]}):
        raise HasOtherCurrencies.besides_its_own(price, others)
    recurring = whole.get("recurring") or {}
    lost = [name for name, value in whole.items() if value and name not in CARRIED_ELSEWHERE | CHECKED]
    lost += [f"recurring.{name}" for name, value in recurring.items() if value and name not in OF_RECURRING]
    if recurring.get("usage_type", "licensed") != "licensed":
        lost.append("recurring.meter")
    if whole.get("billing_scheme", "per_unit") != "per_unit":
        lost.append("tiers")
    if lost:
        raise HasOtherTerms.not_carried(price, dict.fromkeys(IN_WORDS.get(name, name) for name in lost))


def of(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of the terms that our rows do not have."""
    params: dict[str, Any] = {}
    if whole.get("tax_behavior") not in {None, "", "unspecified"}:
        params["tax_behavior"] = whole["tax_behavior"]
    if trial := (whole.get("recurring") or {}).get("trial_period_days"):
        params["recurring"] = {"trial_period_days": trial}
    return params

"""An object as it leaves the sandbox: without its private members and, unless expanded, its expand-only ones."""

from typing import Any

# Stripe leaves these out of an answer unless `expand` asks for them.
EXPAND_ONLY = {
    "invoice": {"payments", "confirmation_secret"},
    "checkout.session": {"line_items"},
    "customer": {"subscriptions", "sources", "tax", "tax_ids", "cash_balance", "invoice_credit_balance"},
    "coupon": {"applies_to", "currency_options"},
    "price": {"tiers", "currency_options"},
}


def public(value: Any) -> Any:
    """Return a copy of the object, list or member with only what Stripe shows without being asked."""
    if isinstance(value, list):
        return [public(member) for member in value]
    if not isinstance(value, dict):
        return value
    hidden = EXPAND_ONLY.get(value.get("object", ""), set()) if isinstance(value.get("object"), str) else set()
    return {
        # Metadata is the caller's: its keys mean nothing to us.
        name: member if name == "metadata" else public(member)
        for name, member in value.items()
        if not name.startswith("_") and name not in hidden
    }

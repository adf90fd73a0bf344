"""The JSON of a payment link."""

from typing import Any

from sandbox.checkout import shapes
from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.http.listing import embedded


def payment_link(*, line_items: list[Object], base_url: str) -> Object:
    """Return an active link for these line items, with Stripe's defaults."""
    link_id = ids.new("payment_link")
    is_recurring = any(item["price"]["type"] == "recurring" for item in line_items)
    return {
        "id": link_id,
        "object": "payment_link",
        "active": True,
        "after_completion": after_completion({"type": "hosted_confirmation"}),
        "allow_promotion_codes": False,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": line_items[0]["currency"],
        "custom_fields": [],
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "customer_creation": "always" if is_recurring else "if_required",
        "inactive_message": None,
        "invoice_creation": None if is_recurring else shapes.invoice_creation(),
        "line_items": embedded(line_items, url=f"/v1/payment_links/{link_id}/line_items"),
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always",
        "payment_method_options": None,
        "payment_method_types": None,
        "phone_number_collection": {"enabled": False},
        "restrictions": None,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": "auto",
        "subscription_data": subscription_data({}) if is_recurring else None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": f"{base_url}/buy/{link_id}",
    }


def after_completion(given: dict[str, Any]) -> Object:
    """Return `after_completion`: Stripe's confirmation page, or a redirect."""
    if given["type"] == "redirect":
        return {"redirect": {"url": given["redirect"]["url"]}, "type": "redirect"}
    message = given.get("hosted_confirmation", {}).get("custom_message")
    return {"hosted_confirmation": {"custom_message": message}, "type": "hosted_confirmation"}


def subscription_data(given: dict[str, Any]) -> Object:
    """Return `subscription_data`: what subscriptions made from the link have."""
    return {
        "description": given.get("description"),
        "invoice_settings": {"issuer": {"type": "self"}},
        "metadata": given.get("metadata", {}),
        "trial_period_days": given.get("trial_period_days"),
        "trial_settings": given.get("trial_settings"),
    }


def payment_intent_data(given: dict[str, Any]) -> Object:
    """Return `payment_intent_data`: what payments made from the link have."""
    names = ("capture_method", "description", "setup_future_usage", "statement_descriptor")
    unused = {"statement_descriptor_suffix": None, "transfer_group": None}
    return {**{name: given.get(name) for name in names}, **unused, "metadata": given.get("metadata", {})}

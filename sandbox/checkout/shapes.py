"""The JSON of a checkout session and its parts."""

from typing import Any

from sandbox.core import ids, money
from sandbox.core.store import Object
from sandbox.http.listing import embedded
from sandbox.payments import method_types

# The look of the page, as set in the dashboard.
BRANDING = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0074d4",
    "display_name": "Sandbox",
    "font_family": "default",
    "icon": None,
    "logo": None,
}
# The account's payment methods, as set in the dashboard.
PAYMENT_METHOD_CONFIGURATION = {"id": "pmc_1SandboxPaymentMethods00", "parent": None}


def session(
    *,
    mode: str,
    created: int,
    expires_at: int,
    line_items: list[Object],
    currency: str,
    types: list[str],
    base_url: str,
) -> Object:
    """Return an open session for these line items, without customer or options; a setup has no amounts."""
    is_setup = mode == "setup"
    session_id = ids.new("checkout.session")
    subtotal = sum(item["amount_subtotal"] for item in line_items)
    total = sum(item["amount_total"] for item in line_items)
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": mode != "setup"},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": None if is_setup else subtotal,
        "amount_total": None if is_setup else total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "branding_settings": BRANDING,
        "cancel_url": None,
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": {"business_name": None, "individual_name": None, "shipping_details": None},
        "consent": None,
        "consent_collection": None,
        "created": created,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_account": None,
        "customer_creation": None if mode == "subscription" else "if_required",
        "customer_details": None,
        "customer_email": None,
        "discounts": None if is_setup else [],
        "expires_at": expires_at,
        "integration_identifier": None,
        "invoice": None,
        "invoice_creation": invoice_creation() if mode == "payment" else None,
        "line_items": embedded(line_items, url=f"/v1/checkout/sessions/{session_id}/line_items"),
        "livemode": False,
        "locale": None,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required" if mode == "payment" else "always",
        "payment_method_configuration_details": PAYMENT_METHOD_CONFIGURATION,
        "payment_method_options": method_types.session_options(types, mode=mode),
        "payment_method_types": types,
        "payment_status": "no_payment_required" if is_setup else "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": None,
        "total_details": None if is_setup else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{base_url}/checkout/{session_id}",
        "wallet_options": None,
    }


def line_item(
    *, price: Object, quantity: int | None, description: str, metadata: dict[str, str], adjustable: Object | None
) -> Object:
    """Return a line item with its amounts in the price's own currency; the quantity of a metered price is None."""
    amount = 0 if quantity is None else money.total(price, quantity)
    return {
        "id": ids.new("item"),
        "object": "item",
        "adjustable_quantity": adjustable,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": description,
        "metadata": metadata,
        "price": price,
        "quantity": quantity,
    }


def invoice_creation(*, enabled: bool = False, given: dict[str, Any] | None = None) -> Object:
    """Return `invoice_creation`: whether a one-time payment gets an invoice, and the invoice's contents."""
    given = given or {}
    return {
        "enabled": enabled,
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": given.get("description"),
            "footer": given.get("footer"),
            "issuer": None,
            "metadata": given.get("metadata", {}),
            "rendering_options": None,
        },
    }


def customer_details(
    *,
    email: str | None,
    name: str | None = None,
    phone: str | None = None,
    address: Object | None = None,
    tax_exempt: str | None = "none",
) -> Object:
    """Return `customer_details`: what is known of the buyer."""
    return {
        "address": address,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": phone,
        "tax_exempt": tax_exempt,
        "tax_ids": None,
    }

"""The members of payment methods, payment intents and charges."""

import hashlib
from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.payments import method_types
from sandbox.payments.cards import Card

FINGERPRINT_LENGTH = 16
CAPTURE_WITHIN = 7 * 86_400


ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def address(given: Object | str | None = None) -> Object:
    """Return all members of an address, as given in a request."""
    known = given if isinstance(given, dict) else {}
    return {name: known.get(name) or None for name in ADDRESS}


def billing_details(*, email: str | None = None, name: str | None = None) -> Object:
    """Return the billing details of a payment method."""
    return {"address": address(), "email": email, "name": name, "phone": None, "tax_id": None}


def shipping(given: Object | str | None) -> Object | None:
    """Return all members of a shipping address, as given in a request; an empty text removes it."""
    if not isinstance(given, dict):
        return None
    others = {name: given.get(name) for name in ("carrier", "name", "phone", "tracking_number")}
    return {"address": address(given.get("address")), **others}


def card_method(card: Card, *, created: int, expiry: tuple[int, int], payer: Object) -> Object:
    """Return a card; charges find its test card by the private `_number`."""
    month, year = expiry
    details = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.display_brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint(card.number),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return payment_method("card", details, created=created, payer=payer) | {"_number": card.number}


def payment_method(kind: str, details: Object, *, created: int, payer: Object) -> Object:
    """Return a payment method of no customer."""
    return {
        "id": ids.new("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": payer,
        kind: details,
        "created": created,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def bank_method(*, created: int, payer: Object, number: str = "000123456789", **chosen: str) -> Object:
    """Return a US bank account; `chosen` are members that replace the defaults."""
    details = {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "SANDBOX BANK",
        "financial_connections_account": None,
        "fingerprint": fingerprint(number),
        "last4": number[-4:],
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
        **chosen,
    }
    return payment_method("us_bank_account", details, created=created, payer=payer) | {"_number": number}


def authentication(intent: Object, *, account_id: str, base_url: str, return_url: str | None) -> Object:
    """Return the `next_action` of an intent that waits for 3-D Secure: on a page if the request has a `return_url`."""
    if return_url:
        page = f"{base_url}/3d_secure/{intent['id']}"
        return {"redirect_to_url": {"return_url": return_url, "url": page}, "type": "redirect_to_url"}
    details = {
        "directory_server_name": "visa",
        "merchant": account_id,
        "one_click_authn": None,
        "server_transaction_id": ids.random_text(32),
        "three_d_secure_2_source": ids.with_prefix("payatt"),
        "three_ds_frontend_optimizations": None,
        "three_ds_method_url": "",
        "three_ds_optimizations": "kf",
        "type": "stripe_3ds2_fingerprint",
    }
    return {"type": "use_stripe_sdk", "use_stripe_sdk": details}


def intent(
    *, amount: int, currency: str, customer: str | None, created: int, types: list[str] | None = None
) -> Object:
    """Return a payment intent without a payment method."""
    intent_id = ids.new("payment_intent")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{ids.random_text(25)}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": method_types.options(types or [method_types.CARD]),
        "payment_method_types": types or [method_types.CARD],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def charge(*, intent: Object, method: Object, created: int, receipts_url: str) -> Object:
    """Return a pending charge of the intent's amount with this payment method."""
    # Stripe's charges of other payment methods than cards begin with `py`.
    charge_id = ids.new("charge") if method["type"] == "card" else ids.with_prefix("py")
    return {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_details(method, intent),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{receipts_url}/{charge_id}",
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def _method_details(method: Object, intent: Object) -> Object:
    kind = method["type"]
    if kind == "card":
        return {"card": _card_details(method["card"], intent), "type": "card"}
    details = method[kind]
    match kind:
        case "us_bank_account":
            shown: tuple[str, ...] = (
                "account_holder_type",
                "account_type",
                "bank_name",
                "fingerprint",
                "last4",
                "routing_number",
            )
            more: dict[str, Any] = {"expected_debit_date": None, "mandate": None, "payment_reference": None}
        case "sepa_debit":
            shown = ("bank_code", "branch_code", "country", "fingerprint", "last4")
            more = {"expected_debit_date": None, "mandate": None}
        case "boleto":
            shown, more = ("tax_id",), {}
        case "oxxo":
            shown, more = (), {"number": None}
        case _:
            shown, more = (), {"store": None}
    return {kind: {**{name: details[name] for name in shown}, **more}, "type": kind}


def _card_details(card: Object, intent: Object) -> Object:
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    return {
        **{name: card[name] for name in shown},
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": card["regulated_status"],
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def fingerprint(number: str) -> str:
    """Return the fingerprint of a number: equal numbers have equal fingerprints."""
    return hashlib.sha256(number.encode()).hexdigest()[:FINGERPRINT_LENGTH]

"""The members of payment methods, payment intents and charges."""

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.payments.cards import Card

BANK_LAST4 = "6789"


def billing_details(*, email: str | None = None, name: str | None = None) -> Object:
    """Return the billing details of a payment method."""
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {"address": address, "email": email, "name": name, "phone": None, "tax_id": None}


def card_method(card: Card, *, created: int, expiry: tuple[int, int], payer: Object) -> Object:
    """Return a card; charges find its test card by the private `_number`."""
    month, year = expiry
    details = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": _fingerprint(card.number),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return _method("card", details, created=created, payer=payer) | {"_number": card.number}


def bank_method(*, created: int, payer: Object) -> Object:
    """Return a bank account."""
    details = {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "SANDBOX BANK",
        "financial_connections_account": None,
        "fingerprint": _fingerprint(BANK_LAST4),
        "last4": BANK_LAST4,
        "networks": None,
        "routing_number": "110000000",
        "status_details": None,
    }
    return _method("us_bank_account", details, created=created, payer=payer)


def intent(*, amount: int, currency: str, customer: str | None, created: int, method_type: str = "card") -> Object:
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
        "payment_method_options": {},
        "payment_method_types": [method_type],
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
    charge_id = ids.new("charge")
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
        "payment_method_details": _method_details(method),
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{receipts_url}/{charge_id}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "pending",
        "transfer_data": None,
        "transfer_group": None,
    }


def _method(kind: str, details: Object, *, created: int, payer: Object) -> Object:
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


def _method_details(method: Object) -> Object:
    kind = method["type"]
    if kind == "card":
        return {"card": _card_details(method["card"]), "type": "card"}
    shown = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
    account = {name: method[kind][name] for name in shown}
    return {kind: {**account, "expected_debit_date": None, "mandate": None, "payment_reference": None}, "type": kind}


def _card_details(card: Object) -> Object:
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    return {
        **{name: card[name] for name in shown},
        "amount_authorized": None,
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": 0, "status": "unavailable"},
        "regulated_status": card["regulated_status"],
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def _fingerprint(number: str) -> str:
    """Return the fingerprint of a number: equal numbers have equal fingerprints."""
    return f"sandbox{number[-4:]}{len(number):02}{int(number) % 9973:04}"[:16]

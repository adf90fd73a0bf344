"""The members of disputes."""

from sandbox.core import ids
from sandbox.core.store import Object

TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)
FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
# The codes of Visa's network for the reasons; those of other networks are not played.
NETWORK_CODES = {
    "credit_not_processed": "13.6",
    "duplicate": "12.6.1",
    "fraudulent": "10.4",
    "general": "12.5",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}
REASONS = (*NETWORK_CODES, "bank_cannot_process", "customer_initiated", "debit_not_authorized", "insufficient_funds")


def dispute(
    charge: Object, *, reason: str, amount: int, status: str, created: int, due_by: int | None, is_inquiry: bool
) -> Object:
    """Return a dispute of the charge, before money moves."""
    evidence_details: Object = {
        "due_by": due_by,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    }
    return {
        "id": ids.new("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(sorted((*TEXTS, *FILES))) | {"enhanced_evidence": {}},
        "evidence_details": evidence_details,
        "is_charge_refundable": is_inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": NETWORK_CODES.get(reason),
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _card_details(charge, reason, is_inquiry=is_inquiry),
        "reason": reason,
        "status": status,
    }


def _card_details(charge: Object, reason: str, *, is_inquiry: bool) -> Object | None:
    card = charge["payment_method_details"].get("card")
    if card is None:
        return None
    details = {
        "brand": card["brand"],
        "case_type": "inquiry" if is_inquiry else "chargeback",
        "network": card["network"],
        "network_reason_code": NETWORK_CODES.get(reason),
    }
    return {"card": details, "type": "card"}

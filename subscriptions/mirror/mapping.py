"""How customers, sessions, invoices and payments at Stripe become columns; no row is read here."""

from typing import Any
from uuid import UUID

from billing.gateway.snapshots import JSON, moment
from billing.mirror.engine import id_of
from subscriptions.mirror.subscription_mapping import discount_terms
from subscriptions.models import Awaits, CheckoutSession, Payment

# The metadata of our sessions, subscriptions and payment intents: rows can be made from it alone. These names must
# never change, because objects at Stripe have them already.
CLAIM = "standing_order_claim"
PRICE = "standing_order_price"
PRODUCT = "standing_order_product"
QUANTITY = "standing_order_quantity"

# The metadata that says whose customer it is. These names must never change either.
ACCOUNT = "standing_order_account"
INSTALLATION = "standing_order_installation"
USER = "standing_order_user"

MAX_ACCOUNT_ID = 64

# The metadata of a refund that was made here: the request that it belongs to. This name must never change either.
REFUND_REQUEST = "standing_order_refund"
MAX_REQUEST_ID = 100

# The next actions of payment intents whose voucher is paid elsewhere, within days.
VOUCHERS = frozenset(
    {"boleto_display_details", "konbini_display_details", "multibanco_display_details", "oxxo_display_details"}
)


def metadata_for(claim: CheckoutSession) -> dict[str, str]:
    return {
        CLAIM: str(claim.pk),
        PRICE: str(claim.price_id),
        PRODUCT: str(claim.product_id),
        QUANTITY: str(claim.quantity),
    }


def claim_of(obj: JSON) -> UUID | None:
    """Return the claim that a session or payment intent was made for; None if our checkout did not make it."""
    metadata = obj.get("metadata")
    return uuid_in(metadata.get(CLAIM)) if isinstance(metadata, dict) else None


def uuid_in(value: object) -> UUID | None:
    """Return the id of a row of ours that a value of Stripe's metadata is; None if it is anything else."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def is_free_order(session: JSON) -> bool:
    """Whether a session is a one-time purchase that cost nothing: it has no payment intent."""
    is_paid_purchase = session.get("mode") == "payment" and session.get("status") == "complete"
    return is_paid_purchase and session.get("payment_intent") is None


def customer_columns(obj: JSON) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    return {
        "email": obj.get("email") or "",
        "name": obj.get("name") or "",
        "metadata": metadata,
        "named_account": metadata.get(ACCOUNT, "")[:MAX_ACCOUNT_ID],
        "discount": discount_terms(obj["discount"]) if obj.get("discount") else {},
    }


def session_columns(obj: JSON) -> dict[str, Any]:
    return {
        "stripe_id": obj["id"],
        "status": obj["status"] or CheckoutSession.Status.OPEN.value,
        "payment_status": obj["payment_status"],
        "url": obj.get("url") or "",
        "expires_at": moment(obj["expires_at"]),
        "subscription_id": id_of(obj.get("subscription")),
        "payment_intent_id": id_of(obj.get("payment_intent")) or "",
        "customer_id": id_of(obj.get("customer")),
        "mode": obj["mode"],
        **_purchased(obj),
    }


def invoice_columns(obj: JSON) -> dict[str, Any]:
    about = (obj.get("parent") or {}).get("subscription_details") or {}
    return {
        "customer_id": id_of(obj.get("customer")),
        "subscription_id": id_of(about.get("subscription")),
        "number": obj.get("number") or "",
        "status": obj.get("status") or "",
        "billing_reason": obj.get("billing_reason") or "",
        "currency": obj["currency"],
        "total": obj["total"],
        "amount_due": obj["amount_due"],
        "amount_paid": obj["amount_paid"],
        "amount_remaining": obj["amount_remaining"],
        "attempt_count": obj["attempt_count"],
        "next_payment_attempt_at": moment(obj.get("next_payment_attempt")),
        "collection_method": obj.get("collection_method") or "charge_automatically",
        "due_at": moment(obj.get("due_date")),
        "starting_balance": obj.get("starting_balance") or 0,
        "ending_balance": obj.get("ending_balance"),
        "credited_before_payment": obj.get("pre_payment_credit_notes_amount") or 0,
        "credited_after_payment": obj.get("post_payment_credit_notes_amount") or 0,
        "amount_overpaid": obj.get("amount_overpaid") or 0,
        "hosted_invoice_url": obj.get("hosted_invoice_url") or "",
        "invoice_pdf": obj.get("invoice_pdf") or "",
    }


def refund_columns(obj: JSON) -> dict[str, Any]:
    return {
        **_presented(obj),
        "payment_intent_id": id_of(obj.get("payment_intent")) or "",
        "amount": obj["amount"],
        "currency": obj["currency"],
        "status": obj.get("status") or "",
        "reason": obj.get("reason") or "",
        "request_id": ((obj.get("metadata") or {}).get(REFUND_REQUEST) or "")[:MAX_REQUEST_ID],
    }


def dispute_columns(obj: JSON) -> dict[str, Any]:
    moved = obj.get("balance_transactions") or []
    return {
        "charge_id": id_of(obj.get("charge")) or "",
        "payment_intent_id": id_of(obj.get("payment_intent")) or "",
        "amount": obj["amount"],
        "currency": obj["currency"],
        "status": obj["status"],
        "reason": obj.get("reason") or "",
        "due_by_at": moment((obj.get("evidence_details") or {}).get("due_by")),
        "are_funds_withdrawn": sum(transaction["amount"] for transaction in moved) < 0,
    }


def _presented(obj: JSON) -> dict[str, Any]:
    """What the buyer paid, if Stripe converted it (https://docs.stripe.com/payments/currencies/localize-prices)."""
    presented = obj.get("presentment_details") or {}
    return {
        "presentment_amount": presented.get("presentment_amount"),
        "presentment_currency": presented.get("presentment_currency") or "",
    }


def payment_columns(obj: JSON) -> dict[str, Any]:
    return {
        **_presented(obj),
        "payment_intent_id": obj["id"],
        "customer_id": id_of(obj.get("customer")),
        "amount": obj["amount"],
        "currency": obj["currency"],
        "status": obj["status"],
        **awaited_columns(obj),
        **_purchased(obj),
    }


def awaited_columns(intent: JSON) -> dict[str, Any]:
    """Return what a payment intent waits for, if that takes longer than its checkout."""
    columns: dict[str, Any] = {"awaits": "", "pay_by_at": None, "pay_url": ""}
    if intent["status"] == Payment.Status.PROCESSING:
        return {**columns, "awaits": Awaits.DEBIT.value}
    if intent["status"] != Payment.Status.REQUIRES_ACTION:
        return columns
    action = intent.get("next_action") or {}
    name = action.get("type") or ""
    details = action.get(name) or {}
    if name in VOUCHERS:
        until = moment(details.get("expires_at") or details.get("expires_after"))
        url = details.get("hosted_voucher_url") or ""
        return {"awaits": Awaits.VOUCHER.value, "pay_by_at": until, "pay_url": url}
    if name == "display_bank_transfer_instructions":
        return {**columns, "awaits": Awaits.TRANSFER.value, "pay_url": details.get("hosted_instructions_url") or ""}
    if name == "verify_with_microdeposits":
        url = details.get("hosted_verification_url") or ""
        return {**columns, "awaits": Awaits.CONFIRMATION.value, "pay_url": url}
    return columns


def free_order_columns(obj: JSON) -> dict[str, Any]:
    return {
        "customer_id": id_of(obj.get("customer")),
        "amount": obj.get("amount_total") or 0,
        "currency": obj["currency"],
        "status": Payment.Status.SUCCEEDED.value,
        **_purchased(obj),
    }


def _purchased(obj: JSON) -> dict[str, Any]:
    metadata = obj["metadata"]
    return {
        "product_id": metadata[PRODUCT],
        "price_id": metadata[PRICE],
        "quantity": int(metadata.get(QUANTITY, "1")),
    }

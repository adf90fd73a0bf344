"""The members of invoices, their lines, invoice items and invoice payments."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.http.listing import embedded

ACCOUNT_NAME = "Sandbox"


@dataclass(frozen=True)
class Line:
    """The content of an invoice line; `subscription_item` is None for a one-time price.

    `credited_items` of a credit are the debits that it credits, in the form of an invoice item's member.
    """

    price: Object
    quantity: int
    amount: int
    description: str
    period: tuple[int, int]
    subscription: str | None = None
    subscription_item: str | None = None
    invoice_item: str | None = None
    credited_items: Object | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def invoice(*, customer: Object, currency: str, created: int, billing_reason: str, lines: list[Line]) -> Object:
    """Return a draft invoice for the customer with these lines."""
    invoice_id = ids.new("invoice")
    total = sum(line.amount for line in lines)
    balance = customer["balance"]  # Negative if the customer has credit, which pays first.
    due = max(0, total + balance)
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": ACCOUNT_NAME,
        "account_tax_ids": None,
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": billing_reason,
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": embedded(
            [_line(line, invoice_id, currency) for line in lines], url=f"/v1/invoices/{invoice_id}/lines"
        ),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": created,
        "period_start": created,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": balance,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": None,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": created,
    }


def parent(subscription: Object) -> Object:
    """Return the invoice's `parent`, which names its subscription."""
    return {
        "quote_details": None,
        "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
        "type": "subscription_details",
    }


def item(*, line: Line, customer: str, currency: str, created: int) -> Object:
    """Return a proration as a pending invoice item."""
    start, end = line.period
    return {
        "id": ids.new("invoiceitem"),
        "object": "invoiceitem",
        "amount": line.amount,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "date": created,
        "description": line.description,
        "discountable": False,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": line.metadata,
        "net_amount": line.amount,
        "parent": {
            "subscription_details": {
                "subscription": line.subscription,
                "subscription_item": line.subscription_item,
            },
            "type": "subscription_details",
        },
        "period": {"end": end, "start": start},
        "pricing": _pricing(line),
        "proration": True,
        "proration_details": {"credited_items": line.credited_items, "discount_amounts": []},
        "quantity": line.quantity,
        "quantity_decimal": str(line.quantity),
        "tax_rates": [],
        "test_clock": None,
    }


def payment(*, invoice: Object, payment_intent: str, created: int) -> Object:
    """Return the invoice payment, which links an invoice to its payment intent."""
    return {
        "id": ids.new("invoice_payment"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": created,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": payment_intent, "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def _line(line: Line, invoice_id: str, currency: str) -> Object:
    start, end = line.period
    return {
        "id": ids.new("line_item"),
        "object": "line_item",
        "amount": line.amount,
        "currency": currency,
        "description": line.description,
        "discount_amounts": [],
        "discountable": line.invoice_item is None,  # Discounts do not apply to prorations.
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": line.metadata,
        "parent": _line_parent(line),
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": _pricing(line),
        "quantity": line.quantity,
        "quantity_decimal": str(line.quantity),
        "subscription": line.subscription,
        "subtotal": line.amount,
        "taxes": [],
    }


def _pricing(line: Line) -> dict[str, Any]:
    return {
        "price_details": {"price": line.price["id"], "product": line.price["product"]},
        "type": "price_details",
        "unit_amount_decimal": line.price["unit_amount_decimal"],
    }


def _line_parent(line: Line) -> dict[str, Any]:
    shared = {
        "proration": line.invoice_item is not None,
        "proration_details": {"credited_items": (line.credited_items or {}).get("invoice_line_item_details")},
        "subscription": line.subscription,
    }
    if line.subscription_item and not line.invoice_item:
        return {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                **shared,
                "subscription_item": line.subscription_item,
            },
            "type": "subscription_item_details",
        }
    return {
        "invoice_item_details": {"invoice_item": line.invoice_item or ids.new("invoiceitem"), **shared},
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }

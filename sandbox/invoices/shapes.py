"""The members of invoices, their lines, invoice items and invoice payments."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.http.listing import counted

ACCOUNT_NAME = "Sandbox"


@dataclass(frozen=True)
class Line:
    """The content of an invoice line; `subscription_item` is None for a one-time price.

    `credited_items` of a credit are the debits that it credits, in the form of an invoice item's member. `discounts`
    are the ids of the discounts of this line alone. A line without `discountable` is discountable unless it is a
    proration. `quantity_decimal` is `quantity` unless it has a fraction.
    """

    price: Object
    quantity: int
    amount: int
    description: str | None
    period: tuple[int, int]
    subscription: str | None = None
    subscription_item: str | None = None
    invoice_item: str | None = None
    credited_items: Object | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    discounts: list[str] = field(default_factory=list)
    discountable: bool | None = None
    quantity_decimal: str | None = None

    @property
    def is_proration(self) -> bool:
        """Whether the line is for a part of an item's period: it has an invoice item and a subscription item."""
        return self.invoice_item is not None and self.subscription_item is not None


def invoice(*, customer: Object, currency: str, created: int, billing_reason: str, lines: list[Line]) -> Object:
    """Return a draft invoice for the customer with these lines; amounts.py sets its amounts."""
    invoice_id = ids.new("invoice")
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": ACCOUNT_NAME,
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
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
        "customer_shipping": customer["shipping"],
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
        "lines": lines_of(invoice_id, [line_item(line, invoice_id, currency) for line in lines]),
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
        "starting_balance": customer["balance"],
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
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


def payment(*, invoice: Object, payment: Object, created: int, is_default: bool, amount: int | None = None) -> Object:
    """Return an open invoice payment; `payment` names its payment intent or record.

    It asks for `amount`, by default for what remains of the invoice.
    """
    return {
        "id": ids.new("invoice_payment"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_remaining"] if amount is None else amount,
        "created": created,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": is_default,
        "livemode": False,
        "payment": payment,
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def lines_of(invoice_id: str, lines: list[Object]) -> Object:
    """Return the embedded list of an invoice's lines."""
    return counted(lines, url=f"/v1/invoices/{invoice_id}/lines")


def rendering(*, page_size: str) -> Object:
    """Return the `rendering` of an invoice created by API; its page size is "auto" until it is finalized."""
    pdf = {"page_size": page_size}
    return {"amount_tax_display": None, "pdf": pdf, "template": None, "template_version": None}


def item(*, line: Line, customer: str, currency: str, created: int) -> Object:
    """Return a pending invoice item: a proration if the line names a subscription item.

    Only what is not discountable has a `net_amount`, and only a proration has `proration_details`.
    """
    start, end = line.period
    is_proration = line.subscription_item is not None
    details = {"subscription": line.subscription, "subscription_item": line.subscription_item}
    discountable = not is_proration if line.discountable is None else line.discountable
    members: Object = {
        "id": ids.new("invoiceitem"),
        "object": "invoiceitem",
        "amount": line.amount,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "date": created,
        "description": line.description,
        "discountable": discountable,
        "discounts": line.discounts,
        "invoice": None,
        "livemode": False,
        "metadata": line.metadata,
        "parent": {"subscription_details": details, "type": "subscription_details"} if line.subscription else None,
        "period": {"end": end, "start": start},
        "pricing": pricing(line.price, unit_amount=line.price["unit_amount_decimal"]),
        "proration": is_proration,
        "quantity": line.quantity,
        "quantity_decimal": line.quantity_decimal or str(line.quantity),
        "tax_rates": [],
        "test_clock": None,
    }
    if is_proration:
        members["proration_details"] = {"credited_items": line.credited_items, "discount_amounts": []}
    return members if discountable else members | {"net_amount": line.amount}


def line_item(line: Line, invoice_id: str, currency: str) -> Object:
    """Return the invoice line with this content."""
    start, end = line.period
    # The price of a proration is the one of a whole period, so Stripe shows no unit amount.
    unit_amount = None if line.is_proration else line.price["unit_amount_decimal"]
    return {
        "id": ids.new("line_item"),
        "object": "line_item",
        "amount": line.amount,
        "currency": currency,
        "description": line.description,
        "discount_amounts": [],
        "discountable": not line.is_proration if line.discountable is None else line.discountable,
        "discounts": line.discounts,
        "invoice": invoice_id,
        "livemode": False,
        "metadata": line.metadata,
        "parent": _line_parent(line),
        "period": {"end": end, "start": start},
        "pretax_credit_amounts": [],
        "pricing": pricing(line.price, unit_amount=unit_amount),
        "quantity": line.quantity,
        "quantity_decimal": line.quantity_decimal or str(line.quantity),
        "subtotal": line.amount,
        "taxes": [],
    }


def pricing(price: Object, *, unit_amount: str | None) -> dict[str, Any]:
    """Return the `pricing` of an invoice item or a line."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": unit_amount,
    }


def _line_parent(line: Line) -> dict[str, Any]:
    shared = {
        "proration": line.is_proration,
        "proration_details": {"credited_items": (line.credited_items or {}).get("invoice_line_item_details")},
        "subscription": line.subscription,
    }
    if line.subscription_item:
        return {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": line.invoice_item,
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

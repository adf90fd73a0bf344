"""The members of credit notes and their lines."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.http.listing import embedded


@dataclass(frozen=True)
class Credit:
    """One line of a credit note: an amount before discounts, and the discounts that are taken back with it."""

    amount: int
    description: str | None
    kind: str
    quantity: int | None = 1
    unit_amount: int | None = None
    invoice_line_item: str | None = None
    discount_amounts: list[Object] = field(default_factory=list)

    @property
    def discounted(self) -> int:
        """The sum of the discounts that are taken back."""
        return sum(taken["amount"] for taken in self.discount_amounts)


def credit_note(
    *, invoice: Object, number: str, credited: list[Credit], created: int, members: dict[str, Any]
) -> Object:
    """Return a new credit note; `members` has its amounts before and after payment, and its texts."""
    note_id = ids.new("credit_note")
    subtotal = sum(each.amount for each in credited)
    taken = _totals(credited)
    discount = sum(each["amount"] for each in taken)
    return {
        "id": note_id,
        "object": "credit_note",
        "amount": subtotal - discount,
        "amount_shipping": 0,
        "created": created,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": discount,
        "discount_amounts": taken,
        "effective_at": created,
        "invoice": invoice["id"],
        "lines": embedded([_line(each) for each in credited], url=f"/v1/credit_notes/{note_id}/lines"),
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": number,
        "out_of_band_amount": None,
        "pdf": f"{invoice['invoice_pdf']}&credit_note={note_id}",
        "post_payment_amount": 0,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": _pretax(taken),
        "reason": None,
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": subtotal - discount,
        "total_excluding_tax": subtotal - discount,
        "total_taxes": [],
        "type": "pre_payment",
        "voided_at": None,
        **members,
    }


def refund_entry(refund: Object, amount: int) -> Object:
    """Return the entry of a credit note's `refunds`."""
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}


def _line(credit: Credit) -> Object:
    line = {
        "id": ids.new("credit_note_line_item"),
        "object": "credit_note_line_item",
        "amount": credit.amount,
        "description": credit.description,
        "discount_amount": credit.discounted,
        "discount_amounts": credit.discount_amounts,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": _pretax(credit.discount_amounts),
        "quantity": credit.quantity,
        "tax_rates": [],
        "taxes": [],
        "type": credit.kind,
        "unit_amount": credit.unit_amount,
        "unit_amount_decimal": None if credit.unit_amount is None else str(credit.unit_amount),
    }
    return line | ({"invoice_line_item": credit.invoice_line_item} if credit.invoice_line_item else {})


def _pretax(taken: list[Object]) -> list[Object]:
    return [{**each, "type": "discount"} for each in taken]


def _totals(credited: list[Credit]) -> list[Object]:
    sums: dict[str, int] = {}
    for credit in credited:
        for taken in credit.discount_amounts:
            sums[taken["discount"]] = sums.get(taken["discount"], 0) + taken["amount"]
    return [{"amount": amount, "discount": discount} for discount, amount in sums.items()]

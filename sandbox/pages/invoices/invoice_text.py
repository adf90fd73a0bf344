"""The texts of the invoice page and of a receipt: lines, amounts, billed to, status."""

from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_date

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.pages.checkout.order_text import Line

STATUS_TEXT = {
    "draft": "Draft",
    "open": "Due now",
    "paid": "Paid on {day}",
    "uncollectible": "Not collected",
    "void": "Void",
}


@dataclass(frozen=True)
class InvoiceText:
    """The texts of the page; `details` are the date and the billed customer."""

    heading: str
    amount: str
    status: str
    details: list[Line]
    lines: list[Line]
    total: str


def of_invoice(invoice: Object) -> InvoiceText:
    """Return the texts about a finalized invoice."""
    currency = invoice["currency"]
    paid_at = invoice["status_transitions"]["paid_at"]
    lines = [Line(line["description"], "", money.shown(line["amount"], currency)) for line in invoice["lines"]["data"]]
    if discount := sum(taken["amount"] for taken in invoice["total_discount_amounts"]):
        lines.append(Line("Discount", "", money.shown(-discount, currency)))
    if applied := invoice["total"] - invoice["amount_due"]:
        lines.append(Line("Customer balance", "", money.shown(-applied, currency)))
    return InvoiceText(
        heading=f"Invoice {invoice['number']}",
        amount=money.shown(invoice["amount_due"], currency),
        status=STATUS_TEXT[invoice["status"]].format(day=_day(paid_at) if paid_at else ""),
        details=_details(issued=invoice["created"], name=invoice["customer_name"], email=invoice["customer_email"]),
        lines=lines,
        total=money.shown(invoice["amount_due"], currency),
    )


def of_charge(account: Account, charge: Object) -> InvoiceText:
    """Return the texts about a successful charge."""
    intent = account.find("payment_intent", charge["payment_intent"])
    amount = money.shown(charge["amount"], charge["currency"])
    payer = charge["billing_details"]
    return InvoiceText(
        heading="Receipt",
        amount=amount,
        status=STATUS_TEXT["paid"].format(day=_day(charge["created"])),
        details=_details(issued=charge["created"], name=payer["name"], email=payer["email"]),
        lines=[Line(intent["description"] or "Payment", "", amount)],
        total=amount,
    )


def _details(*, issued: int, name: str | None, email: str | None) -> list[Line]:
    details = [Line("Date", "", _day(issued))]
    if name or email:
        details.append(Line("Billed to", "", name or email or ""))
    return details


def _day(moment: int) -> str:
    return format_date(datetime.fromtimestamp(moment, UTC), "long", locale="en_US")

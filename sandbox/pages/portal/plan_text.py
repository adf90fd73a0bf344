"""The texts about changing a plan: the plans to choose from, and what a change charges."""

from dataclasses import dataclass

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import lines
from sandbox.pages import discount_text, price_text
from sandbox.portal.actions import plan_changes
from sandbox.portal.actions.plan_changes import Change
from sandbox.portal.visits import Visit


@dataclass(frozen=True)
class PlanChoice:
    """A plan to choose."""

    id: str
    name: str
    price: str
    is_present: bool


@dataclass(frozen=True)
class Quantity:
    """The field for the quantity: its value and limits."""

    value: int
    least: int
    most: int


@dataclass(frozen=True)
class ChangeText:
    """The texts of the confirmation page; `lines` are pairs of description and amount."""

    heading: str
    before: str
    after: str
    terms: str
    lines: list[tuple[str, str]]
    total: str
    button_label: str


def name(account: Account, subscription: Object) -> str:
    """Return the name of the subscription's product."""
    return lines.product_name(account, subscription["items"]["data"][0]["price"])


def plans(account: Account, visit: Visit, subscription: Object) -> list[PlanChoice]:
    """Return the plans that the customer may choose, their present one first."""
    present, currency = subscription["items"]["data"][0]["price"]["id"], subscription["currency"]
    return [
        PlanChoice(
            each["id"],
            lines.product_name(account, each),
            price_text.counted(each, 1, currency),
            each["id"] == present,
        )
        for each in plan_changes.choices(account, visit, subscription)
    ]


def quantity(visit: Visit, subscription: Object) -> Quantity | None:
    """Return the field for the quantity, None if it can't be changed."""
    item = subscription["items"]["data"][0]
    limits = plan_changes.quantity_limits(visit, item["price"])
    return Quantity(item["quantity"], *limits) if limits else None


def change(account: Account, subscription: Object, wanted: Change) -> ChangeText:
    """Return the texts about a change that is not confirmed yet."""
    item, choice = subscription["items"]["data"][0], wanted.choice
    invoice = wanted.invoice
    shown = [] if invoice is None else [_line(each) for each in invoice["lines"]["data"]]
    return ChangeText(
        heading=f"Change to {lines.product_name(account, choice.price)}?",
        before=price_text.of_item(item, subscription["currency"]),
        after=price_text.counted(choice.price, choice.quantity, subscription["currency"]),
        terms=_terms(wanted),
        lines=shown,
        total="" if invoice is None else money.shown(invoice["amount_due"], invoice["currency"]),
        button_label="Pay and change" if wanted.is_due_now and invoice and invoice["amount_due"] else "Confirm",
    )


def _line(line: Object) -> tuple[str, str]:
    return line["description"], money.shown(line["amount"], line["currency"])


def _terms(wanted: Change) -> str:
    if wanted.starts_at is not None:
        return f"Your plan changes on {discount_text.day(wanted.starts_at)}. Nothing is charged before that day."
    if wanted.is_due_now:
        return "Your plan changes now, and this invoice is paid with your card today."
    when = discount_text.day(wanted.invoice["created"]) if wanted.invoice else "your next billing date"
    return f"Your plan changes now. Your next invoice, on {when}, will be:"

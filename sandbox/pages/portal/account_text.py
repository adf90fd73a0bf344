"""The texts of the billing portal: subscriptions, card, invoices, and the reasons on the cancel page."""

from dataclasses import dataclass
from itertools import islice

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import lines
from sandbox.pages import discount_text, price_text
from sandbox.pages.rendering import Link, web_address
from sandbox.portal import visits
from sandbox.portal.actions import cards, pausing, plan_changes
from sandbox.portal.shapes import CANCELLATION_REASONS
from sandbox.portal.visits import Visit

INVOICES_SHOWN = 24
TROUBLE = {
    "past_due": "Payment failed. Change your card, or pay the open invoice.",
    "unpaid": "Payment failed and will not be tried again. Pay the open invoice.",
    "incomplete": "The first payment has not been made yet.",
    "paused": "Paused.",
}
INVOICE_STATUS = {"draft": "Draft", "open": "Due", "paid": "Paid", "uncollectible": "Not collected", "void": "Void"}
REASON_LABELS = {
    "too_expensive": "It is too expensive",
    "missing_features": "I need more features",
    "switched_service": "I found an alternative",
    "unused": "I no longer need it",
    "customer_service": "Customer service was not what I expected",
    "too_complex": "Ease of use was not what I expected",
    "low_quality": "Quality was not what I expected",
    "other": "Another reason",
}


@dataclass(frozen=True)
class PlanText:
    """The texts about a subscription: name, prices, and when it renews or ends."""

    id: str
    name: str
    prices: list[str]
    status: str
    end_date: str
    is_ending: bool
    needs_attention: bool
    can_change: bool
    can_pause: bool
    is_paused: bool


@dataclass(frozen=True)
class CardRow:
    """A saved payment method."""

    id: str
    text: str
    is_default: bool


@dataclass(frozen=True)
class InvoiceRow:
    """A row in the list of invoices."""

    date: str
    description: str
    amount: str
    status: str
    url: str | None


@dataclass(frozen=True)
class AccountText:
    """The texts of the account page, and which actions it offers."""

    customer: str
    back: Link | None
    plans: list[PlanText]
    cards: list[CardRow]
    details: list[str]
    invoices: list[InvoiceRow] | None
    can_cancel: bool
    can_change_card: bool
    can_change_details: bool


def describe(account: Account, visit: Visit) -> AccountText:
    """Return the texts of the account page."""
    return AccountText(
        customer=visit.customer["name"] or visit.customer["email"] or "Your account",
        back=back(visit),
        plans=[plan(account, visit, each) for each in visits.running_subscriptions(account, visit)],
        cards=_card_rows(account, visit),
        details=_details(visit.customer),
        invoices=_invoice_rows(account, visit) if visit.features["invoice_history"]["enabled"] else None,
        can_cancel=visit.features["subscription_cancel"]["enabled"],
        can_change_card=visit.features["payment_method_update"]["enabled"],
        can_change_details=visit.features["customer_update"]["enabled"],
    )


def back(visit: Visit) -> Link | None:
    """Return the link back to the shop, if the session has a `return_url`."""
    url = web_address(visit.session["return_url"])
    return Link(url, "Back") if url else None


def plan(account: Account, visit: Visit, subscription: Object) -> PlanText:
    """Return the texts about a subscription."""
    items = subscription["items"]["data"]
    end = max(item["current_period_end"] for item in items)
    cancel_at = subscription["cancel_at"]
    return PlanText(
        id=subscription["id"],
        name=", ".join(lines.product_name(account, item["price"]) for item in items),
        prices=[price_text.of_item(item, subscription["currency"]) for item in items],
        status=_plan_status(subscription, end=min(item["current_period_end"] for item in items)),
        end_date=discount_text.day(end if cancel_at is None else cancel_at),
        is_ending=cancel_at is not None,
        needs_attention=subscription["status"] in TROUBLE,
        can_change=visit.features["subscription_update"]["enabled"] and plan_changes.why_not(subscription) is None,
        can_pause=pausing.can_pause(visit, subscription),
        is_paused=subscription["status"] == "paused",
    )


def card(account: Account, visit: Visit) -> str:
    """Return the text about the default payment method."""
    method = cards.default_method(account, visit)
    return "No card is saved." if method is None else method_text(method)


def offer(coupon: Object) -> str:
    """Return the text of a discount that the seller offers for staying: `20% off for 3 months`."""
    text = discount_text.terms(coupon, is_recurring=True)
    return text.replace("the first payment", "your next payment")


def method_text(method: Object) -> str:
    """Return `Visa ending in 4242, expires 12/2031`."""
    if method["type"] != "card":
        last4 = (method[method["type"]] or {}).get("last4")
        return f"Bank account ending in {last4}" if last4 else method["type"].capitalize()
    details = method["card"]
    expiry = f"{details['exp_month']:02}/{details['exp_year']}"
    return f"{details['brand'].capitalize()} ending in {details['last4']}, expires {expiry}"


def reasons(visit: Visit) -> dict[str, str]:
    """Return the cancellation reasons on the cancel page, by name with their labels."""
    wanted = visit.features["subscription_cancel"]["cancellation_reason"]
    return {
        name: REASON_LABELS[name] for name in CANCELLATION_REASONS if wanted["enabled"] and name in wanted["options"]
    }


def _plan_status(subscription: Object, *, end: int) -> str:
    status = subscription["status"]
    if subscription["cancel_at"] is not None:
        return f"Ends on {discount_text.day(subscription['cancel_at'])}."
    if status == "trialing":
        return f"Free trial until {discount_text.day(subscription['trial_end'])}."
    return TROUBLE.get(status) or f"Renews on {discount_text.day(end)}."


def _card_rows(account: Account, visit: Visit) -> list[CardRow]:
    """Return the saved payment methods, the default one first."""
    default = cards.default_method(account, visit)
    default_id = default["id"] if default else None
    rows = [CardRow(each["id"], method_text(each), each["id"] == default_id) for each in cards.saved(account, visit)]
    return sorted(rows, key=lambda row: not row.is_default)


def _details(customer: Object) -> list[str]:
    """Return the customer's details, one line each."""
    address = customer["address"] or {}
    lines = [address.get(name) for name in ("line1", "line2")]
    lines.append(" ".join(address[name] for name in ("postal_code", "city") if address.get(name)))
    lines += [address.get("state"), address.get("country")]
    return [each for each in (customer["name"], customer["email"], customer["phone"], *lines) if each]


def _invoice_rows(account: Account, visit: Visit) -> list[InvoiceRow]:
    found = account.store.scan("invoice", index=("customer", visit.customer["id"]))
    issued = (invoice for invoice in found if invoice["status"] != "draft")
    return [_invoice_row(invoice) for invoice in islice(issued, INVOICES_SHOWN)]


def _invoice_row(invoice: Object) -> InvoiceRow:
    descriptions = [line["description"] for line in invoice["lines"]["data"]]
    others = len(descriptions) - 1
    return InvoiceRow(
        date=discount_text.day(invoice["created"]),
        description=f"{descriptions[0]} and {others} more" if others > 0 else next(iter(descriptions), ""),
        amount=money.shown(invoice["amount_due"], invoice["currency"]),
        status=INVOICE_STATUS[invoice["status"]],
        url=web_address(invoice["hosted_invoice_url"]),
    )

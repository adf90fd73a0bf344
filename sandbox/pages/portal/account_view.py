"""What a customer reads on the billing portal: their subscriptions, their card, their invoices."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import lines
from sandbox.pages import discount_terms
from sandbox.pages.checkout import order_view
from sandbox.pages.rendering import Link, web_address
from sandbox.portal import rules as portal
from sandbox.portal.rules import Visit
from sandbox.portal.shapes import REASONS

INVOICES_SHOWN = 24
STATES = {
    "past_due": "Payment failed. Change your card, or pay the open invoice.",
    "unpaid": "Payment failed, and is not tried again. Pay the open invoice.",
    "incomplete": "The first payment is still missing.",
    "paused": "Paused until there is a card to pay with.",
}
INVOICE_STATES = {"draft": "Draft", "open": "Due", "paid": "Paid", "uncollectible": "Not collected", "void": "Void"}
REASON_WORDS = {
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
class Plan:
    """One subscription: what it is, what it costs, and what becomes of it next."""

    id: str
    name: str
    prices: list[str]
    state: str
    ends: str
    is_ending: bool
    has_trouble: bool


@dataclass(frozen=True)
class Bill:
    """One invoice in the list."""

    day: str
    what: str
    amount: str
    state: str
    url: str | None


@dataclass(frozen=True)
class AccountView:
    """The texts of the portal, and what may be done there."""

    who: str
    back: Link | None
    plans: list[Plan]
    card: str
    bills: list[Bill] | None
    can_cancel: bool
    can_change_card: bool


def view(account: Account, visit: Visit) -> AccountView:
    """Describe the customer's account."""
    return AccountView(
        who=visit.customer["name"] or visit.customer["email"] or "Your account",
        back=back(visit),
        plans=[plan(account, each) for each in portal.running(account, visit)],
        card=card(account, visit),
        bills=_bills(account, visit) if visit.features["invoice_history"]["enabled"] else None,
        can_cancel=visit.features["subscription_cancel"]["enabled"],
        can_change_card=visit.features["payment_method_update"]["enabled"],
    )


def back(visit: Visit) -> Link | None:
    """Return the way back to the shop."""
    url = web_address(visit.session["return_url"])
    return Link(url, "Back") if url else None


def plan(account: Account, subscription: Object) -> Plan:
    """Describe one subscription."""
    items = subscription["items"]["data"]
    end = max(item["current_period_end"] for item in items)
    cancel_at = subscription["cancel_at"]
    return Plan(
        id=subscription["id"],
        name=", ".join(lines.product_name(account, item["price"]) for item in items),
        prices=[_price(item) for item in items],
        state=_state(subscription, end=min(item["current_period_end"] for item in items)),
        ends=discount_terms.day(end if cancel_at is None else cancel_at),
        is_ending=cancel_at is not None,
        has_trouble=subscription["status"] in STATES,
    )


def card(account: Account, visit: Visit) -> str:
    """Return `Visa ending in 4242, expires 12/2031`."""
    method = portal.card_of(account, visit)
    if method is None:
        return "No card is saved."
    if method["type"] != "card":
        return f"Bank account ending in {method[method['type']]['last4']}"
    details = method["card"]
    expiry = f"{details['exp_month']:02}/{details['exp_year']}"
    return f"{details['brand'].capitalize()} ending in {details['last4']}, expires {expiry}"


def reasons(visit: Visit) -> dict[str, str]:
    """Return the reasons to cancel that the page offers."""
    wanted = visit.features["subscription_cancel"]["cancellation_reason"]
    return {name: REASON_WORDS[name] for name in REASONS if wanted["enabled"] and name in wanted["options"]}


def _state(subscription: Object, *, end: int) -> str:
    status = subscription["status"]
    if subscription["cancel_at"] is not None:
        return f"Ends on {discount_terms.day(subscription['cancel_at'])}."
    if status == "trialing":
        return f"Free trial until {discount_terms.day(subscription['trial_end'])}."
    return STATES.get(status) or f"Renews on {discount_terms.day(end)}."


def _price(item: Object) -> str:
    price, quantity = item["price"], item["quantity"]
    rate = money.shown(Decimal(price["unit_amount_decimal"]), price["currency"])
    counted = f"{quantity} x " if quantity > 1 else ""
    return f"{counted}{rate} {order_view.rhythm(price['recurring'])}"


def _bills(account: Account, visit: Visit) -> list[Bill]:
    found = account.store.scan("invoice", index=("customer", visit.customer["id"]))
    issued = (invoice for invoice in found if invoice["status"] != "draft")
    return [_bill(invoice) for invoice in islice(issued, INVOICES_SHOWN)]


def _bill(invoice: Object) -> Bill:
    descriptions = [line["description"] for line in invoice["lines"]["data"]]
    others = len(descriptions) - 1
    return Bill(
        day=discount_terms.day(invoice["created"]),
        what=f"{descriptions[0]} and {others} more" if others > 0 else next(iter(descriptions), ""),
        amount=money.shown(invoice["amount_due"], invoice["currency"]),
        state=INVOICE_STATES[invoice["status"]],
        url=web_address(invoice["hosted_invoice_url"]),
    )

"""The texts of the hosted checkout page: the order, today's total, the terms of renewal, the button."""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.catalog.meters import usage
from sandbox.checkout import purchases, session_customer
from sandbox.checkout import rules as checkout
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.periods import DAY, boundary
from sandbox.core.store import Object
from sandbox.pages import discount_text, price_text
from sandbox.pages.discount_text import DiscountText, RenewalPrices
from sandbox.pages.rendering import web_address

METHOD_NAMES = {
    "boleto": "Boleto",
    "konbini": "Konbini",
    "oxxo": "OXXO",
    "sepa_debit": "SEPA Direct Debit",
    "us_bank_account": "US bank account",
}
PAY_VERBS = {"book": "Book for", "donate": "Donate"}


@dataclass(frozen=True)
class QuantityChoice:
    """A field for a quantity that the buyer may change."""

    name: str
    value: int
    least: int
    most: int


@dataclass(frozen=True)
class AmountChoice:
    """A field for an amount that the buyer chooses; `value` is in the currency's major unit, empty without one."""

    name: str
    value: str
    currency: str


@dataclass(frozen=True)
class Line:
    """One line of the order."""

    name: str
    detail: str
    amount: str
    choice: QuantityChoice | None = None
    amount_choice: AmountChoice | None = None


@dataclass(frozen=True)
class OrderText:
    """The texts of the page."""

    heading: str
    price: str
    interval: str
    trial: str
    lines: list[Line]
    discount: DiscountText | None
    accepts_codes: bool
    total: str
    renewal_terms: str
    button_label: str
    needs_card: bool
    other_methods: dict[str, str]
    email: str | None
    cancel_url: str | None


def describe(account: Account, session: Object) -> OrderText:
    """Return the texts about an open session."""
    items: list[Object] = session["line_items"]["data"]
    currency = session["currency"]
    recurring = _recurring(items, currency, now=account.now)
    trial_end = purchases.trial_end(session, now=account.now)
    total = money.shown(checkout.due_now(session), currency)
    return OrderText(
        heading=_heading(items, is_trial=trial_end is not None, is_subscription=bool(recurring)),
        price=recurring.amount if recurring else total if items else "",
        interval=recurring.interval if recurring else "",
        trial=_trial_length(trial_end, now=account.now),
        lines=[_line(item) for item in items],
        discount=discount_text.describe(account, session),
        accepts_codes=bool(session["allow_promotion_codes"]),
        total=total,
        renewal_terms=_renewal_terms(account, session, recurring, trial_end),
        button_label=_button_label(session, total, is_trial=trial_end is not None),
        needs_card=checkout.needs_payment_method(session),
        other_methods={name: METHOD_NAMES[name] for name in session["payment_method_types"] if name in METHOD_NAMES},
        email=session_customer.known_email(account, session),
        cancel_url=web_address(session["cancel_url"]),
    )


@dataclass(frozen=True)
class Recurring:
    """The recurring part of the order: its amount, its amount with the discount, how often, and the first renewal."""

    amount: str
    reduced: str
    interval: str
    first: int

    @property
    def prices(self) -> RenewalPrices:
        return RenewalPrices(f"{self.amount} {self.interval}", f"{self.reduced} {self.interval}")


def _recurring(items: list[Object], currency: str, *, now: int) -> Recurring | None:
    """Add up the recurring prices; Checkout allows only one billing interval."""
    renewing = [item for item in items if item["price"]["type"] == "recurring"]
    if not renewing:
        return None
    recurring = renewing[0]["price"]["recurring"]
    interval, count = recurring["interval"], recurring["interval_count"]
    return Recurring(
        amount=money.shown(sum(item["amount_subtotal"] for item in renewing), currency),
        reduced=money.shown(sum(item["amount_total"] for item in renewing), currency),
        interval=price_text.interval(recurring),
        first=boundary(anchor=now, interval=interval, interval_count=count, number=1),
    )


def _heading(items: list[Object], *, is_trial: bool, is_subscription: bool) -> str:
    if not items:
        return "Save your payment details"
    name = items[0]["description"]
    others = len(items) - 1
    title = f"{name} and {others} more" if others else name
    if is_trial:
        return f"Try {title}"
    return f"Subscribe to {title}" if is_subscription else str(title)


def _trial_length(trial_end: int | None, *, now: int) -> str:
    if trial_end is None:
        return ""
    days = max(1, round((trial_end - now) / DAY))
    return f"{days} day{'s' if days > 1 else ''} free"


def _line(item: Object) -> Line:
    amount = money.shown(item["amount_subtotal"], item["currency"])
    return Line(item["description"], _detail(item), amount, _quantity_choice(item), _amount_choice(item))


def _amount_choice(item: Object) -> AmountChoice | None:
    if not item["price"]["custom_unit_amount"]:
        return None
    chosen, currency = item.get("_unit_amount"), item["currency"]
    value = "" if chosen is None else f"{Decimal(chosen).scaleb(-money.decimals(currency)):f}"
    return AmountChoice(f"amount_{item['id']}", value, currency.upper())


def _quantity_choice(item: Object) -> QuantityChoice | None:
    allowed = item["adjustable_quantity"]
    if not allowed or not allowed["enabled"]:
        return None
    return QuantityChoice(f"quantity_{item['id']}", item["quantity"], allowed["minimum"], allowed["maximum"])


def _detail(item: Object) -> str:
    """Return rate and quantity, if the amount alone does not show them."""
    price, currency = item["price"], item["currency"]
    if usage.is_metered(price) or price["billing_scheme"] == "tiered":
        return price_text.of_item(item, currency)
    rate, quantity = price_text.rate(price, currency), item["quantity"]
    if price["type"] == "recurring":
        rate = f"{rate} {price_text.interval(price['recurring'])}"
    elif quantity == 1:
        return ""
    return rate if quantity == 1 else f"Qty {quantity} · {rate} each"


def _renewal_terms(account: Account, session: Object, recurring: Recurring | None, trial_end: int | None) -> str:
    if recurring is None:
        return ""
    price = discount_text.renewal_price(
        discount_text.coupon(account, session),
        recurring.prices,
        now=account.now,
        first=recurring.first if trial_end is None else trial_end,
        is_trial=trial_end is not None,
    )
    if trial_end is None:
        return f"Renews at {price} until it is cancelled."
    return f"Free until {discount_text.day(trial_end)}, then {price} until it is cancelled."


def _button_label(session: Object, total: str, *, is_trial: bool) -> str:
    if session["mode"] == "setup":
        return "Save card"
    if is_trial:
        return "Start trial"
    if session["mode"] == "subscription":
        return "Subscribe"
    verb = PAY_VERBS.get(session["submit_type"], "Pay")
    return f"{verb} {total}" if checkout.due_now(session) else "Complete order"

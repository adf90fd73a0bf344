"""Preview what a change of plan costs, in Stripe's figures, and check that a person confirms what was shown."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core import signing

from billing import gateway, money
from billing.errors import StripeRefused
from billing.gateway.snapshots import JSON, moment
from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.models import Subscription

# Stripe prorates to the second, so older figures are fetched again.
VALID_FOR = timedelta(minutes=10)

# An invoice that is due by then, after the answer, is billed at once: Stripe's clocks may differ by a little.
AT_ONCE = timedelta(minutes=1)

# Stripe's error code if the subscription ends before its next invoice.
NOTHING_COMES = "invoice_upcoming_none"

SALT = "subscriptions.plans.preview"


class StalePreview(Exception):
    """The figures are too old, or the subscription has changed since they were shown."""


class Period(NamedTuple):
    """The period that a line bills."""

    start_at: datetime | None
    end_at: datetime | None


@dataclass(frozen=True)
class Line:
    """One line of the previewed invoice; `amount` in the currency's minor unit, negative for a credit."""

    description: str
    amount: int
    currency: str
    is_proration: bool
    period_start_at: datetime | None
    period_end_at: datetime | None

    @property
    def amount_display(self) -> str:
        return money.display(self.amount, self.currency)


@dataclass(frozen=True)
class Preview:
    """The invoice after a change. If `is_billed_now`, Stripe charges it at once, otherwise at `due_at`.

    `period` is the new plan's first whole period on this invoice, None if the invoice has none. If it `is_partial`,
    only the lines of the change itself are known: Stripe previews the rest by a scheduled change, which it undoes.
    """

    subscription: Subscription
    price: Price
    quantity: int
    proration_date: int
    is_billed_now: bool
    lines: list[Line]
    discount: int
    total: int
    tax: int
    amount_due: int
    currency: str
    due_at: datetime | None
    period: Period | None = None
    is_partial: bool = False
    from_balance: int = 0

    @property
    def renews_at(self) -> datetime | None:
        """When the plan is billed again, after an invoice at once for a whole period."""
        return self.period.end_at if self.is_billed_now and self.period else None

    @property
    def has_credit(self) -> bool:
        return any(line.is_proration and line.amount < 0 for line in self.lines)

    @property
    def is_due_as_before(self) -> bool:
        """Whether the next invoice comes when it would have come without the change."""
        return self.due_at is not None and self.due_at == self.subscription.next_charge_at

    @property
    def terms_display(self) -> str:
        """What the new plan costs: "$19.00 per month"."""
        return self.subscription.terms_of(self.price, self.quantity)

    @property
    def total_display(self) -> str:
        return money.display(self.total, self.currency)

    @property
    def ends_at(self) -> datetime | None:
        """When the subscription ends after the change, if it is set to end: with its period, which may begin anew."""
        begins_anew = self.is_billed_now and self.subscription.cancel_at_period_end
        return (self.renews_at if begins_anew else None) or self.subscription.cancels_at

    @property
    def amount_due_display(self) -> str:
        return money.display(self.amount_due, self.currency)

    @property
    def discount_display(self) -> str:
        return money.display(-self.discount, self.currency) if self.discount else ""

    @property
    def tax_display(self) -> str:
        return money.display(self.tax, self.currency) if self.tax else ""

    @property
    def from_balance_display(self) -> str:
        """What the customer's credit pays of it, as an amount below zero; empty if nothing."""
        return money.display(-self.from_balance, self.currency) if self.from_balance else ""

    @property
    def token(self) -> str:
        """Return what was shown, signed: the form sends it back, so that exactly this is done."""
        shown = [self.price.pk, self.quantity, self.proration_date, fingerprint(self.subscription)]
        return signing.dumps(shown, salt=SALT)


def preview(*, subscription: Subscription, price: Price, quantity: int) -> Preview:
    """Ask Stripe what changing to this price and quantity would cost; changes nothing.

    https://docs.stripe.com/billing/subscriptions/prorations#preview-proration
    Raises StripeUnavailable, StripeRefused or StripeMisconfigured.
    """
    try:
        answer = gateway.preview_invoice(
            {
                "subscription": subscription.pk,
                "subscription_details": change_params(subscription, price, quantity),
            }
        )
    except StripeRefused as error:
        if error.code != NOTHING_COMES:
            raise
        return _without_invoice(subscription, price, quantity)
    invoice = answer.object
    about = (invoice.get("parent") or {}).get("subscription_details") or {}
    billed_at = moment(invoice["period_end"])
    is_billed_now = billed_at is not None and billed_at <= answer.known_until + AT_ONCE
    whole = Preview(
        subscription=subscription,
        price=price,
        quantity=quantity,
        proration_date=about.get("subscription_proration_date") or int(answer.known_until.timestamp()),
        is_billed_now=is_billed_now,
        lines=_lines(invoice),
        discount=sum(discount["amount"] for discount in invoice.get("total_discount_amounts") or []),
        total=invoice["total"],
        tax=sum(tax["amount"] for tax in invoice.get("total_taxes") or []),
        amount_due=invoice["amount_due"],
        currency=invoice["currency"],
        due_at=None if is_billed_now else billed_at,
        period=_new_period(invoice, item_id=main_item(subscription)["id"]),
        from_balance=max(0, min(-(invoice.get("starting_balance") or 0), invoice["total"])),
    )
    return _without_scheduled(whole) if _has_scheduled(whole) else whole


def _has_scheduled(preview: Preview) -> bool:
    """Whether a scheduled change, which this change undoes, takes effect by the time of the previewed invoice."""
    waiting = preview.subscription.pending_change
    return bool(waiting and waiting.next_at and preview.due_at and waiting.next_at <= preview.due_at)


def _without_scheduled(preview: Preview) -> Preview:
    """Keep what this change credits and charges for the running period."""
    began_at = moment(preview.proration_date)
    own = [line for line in preview.lines if line.is_proration and line.period_start_at == began_at]
    return replace(preview, lines=own, discount=0, total=0, tax=0, amount_due=0, from_balance=0, is_partial=True)


def change_params(subscription: Subscription, price: Price, quantity: int) -> Any:
    """Return the change as it is asked of Stripe, in the preview and in the change alike.

    The billing date moves only if that is asked: by default it depends on the subscription's billing mode.
    https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    """
    anchor = "now" if begins_period(subscription, price) else "unchanged"
    return {
        "items": [{"id": main_item(subscription)["id"], "price": price.pk, "quantity": quantity}],
        "proration_behavior": "create_prorations",
        "billing_cycle_anchor": {"type": anchor},
    }


def begins_period(subscription: Subscription, price: Price) -> bool:
    """Whether we ask Stripe to begin a period with the change, and so to bill at once.

    It is asked for another interval, and from a free subscription to a paid one. On trial, the trial goes on.
    """
    if subscription.status == Subscription.Status.TRIALING:
        return False
    is_free = all(each["unit_amount"] == 0 for each in subscription.items)
    return is_other_interval(subscription, price) or (is_free and bool(price.unit_amount))


def is_other_interval(subscription: Subscription, price: Price) -> bool:
    item = main_item(subscription)
    return (item["interval"], item["interval_count"]) != (price.interval, price.interval_count)


def _without_invoice(subscription: Subscription, price: Price, quantity: int) -> Preview:
    """Return a preview without an invoice: the trial ends without a card, or the period without a renewal."""
    return Preview(
        subscription=subscription,
        price=price,
        quantity=quantity,
        proration_date=int(stripe_clock.now().timestamp()),
        is_billed_now=False,
        lines=[],
        discount=0,
        total=0,
        tax=0,
        amount_due=0,
        currency=subscription.currency,
        due_at=None,
    )


def check_unchanged(shown: Subscription, now: Subscription) -> None:
    """Raise StalePreview if the subscription is not as it was when its preview was shown."""
    if fingerprint(shown) != fingerprint(now):
        raise StalePreview("The subscription has changed meanwhile.")


def read_token(token: str, *, subscription: Subscription, price: Price) -> tuple[int, int]:
    """Return the quantity and proration date that the confirmed preview showed. Raises StalePreview."""
    try:
        price_id, quantity, proration_date, seen_fingerprint = signing.loads(token, salt=SALT, max_age=VALID_FOR)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise StalePreview("The figures are more than ten minutes old.") from error
    if (price_id, seen_fingerprint) != (price.pk, fingerprint(subscription)):
        raise StalePreview("The subscription has changed meanwhile.")
    return quantity, proration_date


def main_item(subscription: Subscription) -> JSON:
    """Return the first item, which is the plan. Further items, added in the dashboard, stay as they are."""
    item: JSON = subscription.items[0]
    return item


def fingerprint(subscription: Subscription) -> str:
    """Return a hash of everything that a preview depends on: a renewal, a change or a cancel makes another one."""
    state = [
        subscription.pk,
        subscription.status,
        subscription.items,
        str(subscription.current_period_end_at),
        str(subscription.cancels_at),
        subscription.schedule_id,
    ]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:20]


def _lines(invoice: JSON) -> list[Line]:
    """Return the lines; if Stripe did not give all of them, the last one stands for the rest."""
    listed = invoice["lines"]
    lines = [_line(line) for line in listed["data"]]
    if listed.get("has_more"):
        amount = invoice["subtotal"] - sum(line.amount for line in lines)
        lines.append(Line("All other items", amount, invoice["currency"], False, None, None))  # noqa: FBT003
    return lines


def _line(line: JSON) -> Line:
    return Line(
        description=line.get("description") or "",
        amount=line["amount"],
        currency=line["currency"],
        is_proration=is_proration(line),
        period_start_at=moment(line["period"]["start"]),
        period_end_at=moment(line["period"]["end"]),
    )


def _new_period(invoice: JSON, *, item_id: str) -> Period | None:
    """Return the period of the line that bills the item in advance."""
    for line in invoice["lines"]["data"]:
        details = (line.get("parent") or {}).get("subscription_item_details") or {}
        if details.get("subscription_item") == item_id and not details.get("proration"):
            return Period(moment(line["period"]["start"]), moment(line["period"]["end"]))
    return None


def is_proration(line: JSON) -> bool:
    """Whether a line charges or credits a part of a period, because something changed within it."""
    parent = line.get("parent") or {}
    details = (parent.get("subscription_item_details"), parent.get("invoice_item_details"))
    return any(detail and detail.get("proration") for detail in details)

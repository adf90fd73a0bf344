"""Preview what a change of plan costs, in Stripe's figures, and check that a person confirms what was shown."""

import hashlib
import json
from dataclasses import dataclass
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

# Stripe's error code if the subscription ends before its next invoice.
NOTHING_COMES = "invoice_upcoming_none"

SALT = "subscriptions.plans.preview"


class StalePreview(Exception):
    """The figures are too old, or the subscription has changed since they were shown."""


class Terms(NamedTuple):
    """The part of a price that decides when Stripe bills; `unit_amount` is None if Stripe computes it."""

    interval: str
    interval_count: int
    unit_amount: int | None


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
    """The invoice after a change. If `is_billed_now`, Stripe charges it at once, otherwise at `due_at`."""

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

    @property
    def total_display(self) -> str:
        return money.display(self.total, self.currency)

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
                "subscription_details": {
                    "items": [{"id": main_item(subscription)["id"], "price": price.pk, "quantity": quantity}],
                    "proration_behavior": "create_prorations",
                },
            }
        )
    except StripeRefused as error:
        if error.code != NOTHING_COMES:
            raise
        return _without_invoice(subscription, price, quantity)
    invoice = answer.object
    about = (invoice.get("parent") or {}).get("subscription_details") or {}
    is_billed_now = bills_at_once(subscription, price)
    return Preview(
        subscription=subscription,
        price=price,
        quantity=quantity,
        proration_date=about.get("subscription_proration_date") or int(answer.known_until.timestamp()),
        is_billed_now=is_billed_now,
        lines=[_line(line) for line in invoice["lines"]["data"]],
        discount=sum(discount["amount"] for discount in invoice.get("total_discount_amounts") or []),
        total=invoice["total"],
        tax=sum(tax["amount"] for tax in invoice.get("total_taxes") or []),
        amount_due=invoice["amount_due"],
        currency=invoice["currency"],
        due_at=None if is_billed_now else subscription.current_period_end_at,
    )


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


def read_token(token: str, *, subscription: Subscription, price: Price) -> tuple[int, int]:
    """Return the quantity and proration date that the confirmed preview showed. Raises StalePreview."""
    try:
        price_id, quantity, proration_date, seen_fingerprint = signing.loads(token, salt=SALT, max_age=VALID_FOR)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise StalePreview("The figures are more than ten minutes old.") from error
    if (price_id, seen_fingerprint) != (price.pk, fingerprint(subscription)):
        raise StalePreview("The subscription has changed meanwhile.")
    return quantity, proration_date


def bills_at_once(subscription: Subscription, price: Price) -> bool:
    """Whether Stripe charges at once and moves the billing date: to another interval, or from a free price.

    https://docs.stripe.com/billing/subscriptions/change-price#billing-period
    """
    item = main_item(subscription)
    before = Terms(item["interval"], item["interval_count"], item["unit_amount"])
    return _bills_at_once(subscription.status, before, price)


def billed_at_once(*, status: str, before: Price, after: Price) -> bool:
    """Whether Stripe billed at once when a subscription with this status changed from one price to the other."""
    return _bills_at_once(status, Terms(before.interval, before.interval_count, before.unit_amount), after)


def _bills_at_once(status: str, before: Terms, price: Price) -> bool:
    if status == Subscription.Status.TRIALING:
        return False
    is_other_interval = (before.interval, before.interval_count) != (price.interval, price.interval_count)
    return is_other_interval or (before.unit_amount == 0 and bool(price.unit_amount))


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


def _line(line: JSON) -> Line:
    return Line(
        description=line.get("description") or "",
        amount=line["amount"],
        currency=line["currency"],
        is_proration=_is_proration(line.get("parent") or {}),
        period_start_at=moment(line["period"]["start"]),
        period_end_at=moment(line["period"]["end"]),
    )


def _is_proration(parent: dict[str, Any]) -> bool:
    details = (parent.get("subscription_item_details"), parent.get("invoice_item_details"))
    return any(detail and detail.get("proration") for detail in details)

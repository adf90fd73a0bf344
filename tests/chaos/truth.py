"""What Stripe's objects mean for a person: what they pay, when, until when, and what they may use.

Computed from the sandbox's objects alone; nothing is imported from the product.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.columns import Object
from tests.chaos.processes import Stripe

MAIN = "standing_order_main"
ENDED = {"canceled", "incomplete_expired"}
PAID = {"active", "trialing"}
TAKING = {"needs_response", "under_review", "lost"}
SYMBOLS = {"usd": "$", "eur": "€", "mxn": "MX$"}


def money(amount: int, currency: str) -> str:
    return f"{SYMBOLS[currency]}{amount / 100:,.2f}"


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def days_in(html: str) -> list[int]:
    """Return the moments that a page names, each with its exact time."""
    return [int(datetime.fromisoformat(day).timestamp()) for day in re.findall(r'<time datetime="([^"]+)"', html)]


def main_item(subscription: Object) -> Object:
    """Return the item that is the plan: the first, unless a change of ours has marked another."""
    items: list[Object] = subscription["items"]["data"]
    return next((item for item in items if MAIN in (item["metadata"] or {})), items[0])


def end_of(subscription: Object) -> int | None:
    """When it ends, if that is decided."""
    if subscription["status"] in ENDED:
        return None
    end: int | None = subscription["cancel_at"]
    return end or (period_end_of(subscription) if subscription["cancel_at_period_end"] else None)


def period_end_of(subscription: Object) -> int:
    """When the first of its items begins another period."""
    return min(item["current_period_end"] for item in subscription["items"]["data"])


def next_charge_of(subscription: Object) -> int | None:
    """When Stripe charges next; None if nothing comes, or nothing is collected then."""
    at, end, pause = period_end_of(subscription), end_of(subscription), subscription["pause_collection"]
    if subscription["status"] not in PAID or (end is not None and end <= at):
        return None
    return None if pause and (pause["resumes_at"] is None or at < pause["resumes_at"]) else at


@dataclass
class AtStripe:
    """All objects that pages speak of, as they are once all is quiet."""

    subscriptions: list[Object]
    prices: list[Object] = field(default_factory=list)
    products: list[Object] = field(default_factory=list)
    intents: list[Object] = field(default_factory=list)
    disputes: list[Object] = field(default_factory=list)
    refunds: list[Object] = field(default_factory=list)
    paid: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    disputed: dict[str, list[Object]] = field(default_factory=lambda: defaultdict(list))
    regular: dict[str, int | None] = field(default_factory=dict)

    @classmethod
    def read(cls, stripe: Stripe) -> "AtStripe":
        catalog = [{"active": True}, {"active": False}]
        found = cls(
            [complete(stripe, one) for one in stripe.every("/v1/subscriptions", status="all")],
            [price for params in catalog for price in stripe.every("/v1/prices", **params)],
            [product for params in catalog for product in stripe.every("/v1/products", **params)],
            stripe.every("/v1/payment_intents"),
            stripe.every("/v1/disputes"),
            stripe.every("/v1/refunds"),
        )
        for dispute in found.disputes:
            found._link(stripe, dispute)
        if found.disputed:
            for invoice in stripe.every("/v1/invoices", status="paid"):
                if invoice["amount_paid"] and (about := (invoice["parent"] or {}).get("subscription_details")):
                    found.paid[about["subscription"]].append(invoice["created"])
        for one in found.subscriptions:
            found.regular[one["id"]] = _regular_amount(stripe, one)
        return found

    def _link(self, stripe: Stripe, dispute: Object) -> None:
        """Find the subscription whose invoice the disputed payment paid."""
        intent = dispute["payment_intent"]
        if intent is None or not _has_taken(dispute):
            return
        about = {"payment": {"type": "payment_intent", "payment_intent": intent}}
        for payment in stripe.every("/v1/invoice_payments", **about):
            invoice = stripe.call("GET", f"/v1/invoices/{payment['invoice']}")[1]
            details = (invoice["parent"] or {}).get("subscription_details")
            if details:
                self.disputed[details["subscription"]].append(dispute)

    def is_held(self, subscription: Object) -> bool:
        """Whether a bank has taken a payment of it back, and none was paid since."""
        disputes, paid = self.disputed.get(subscription["id"], []), self.paid.get(subscription["id"], [])
        return any(not any(moment > dispute["created"] for moment in paid) for dispute in disputes)

    def gives_access(self, subscription: Object) -> bool | None:
        """Whether it gives access; None if that depends on days of grace, or on when a pause began."""
        status, pause = subscription["status"], subscription["pause_collection"]
        if self.is_held(subscription):
            return False
        if status in PAID:
            return None if pause and pause["behavior"] == "void" else True
        return None if status == "past_due" else False

    def payment_gives_access(self, intent: Object) -> bool | None:
        """Whether a one-time purchase gives access: not once all of it is given back; None if that has failed."""
        if any(_has_taken(one) for one in self.disputes if one["payment_intent"] == intent["id"]):
            return False
        refunds = [one for one in self.refunds if one["payment_intent"] == intent["id"]]
        if sum(one["amount"] for one in refunds) < intent["amount"]:
            return bool(intent["status"] == "succeeded")
        return False if all(one["status"] == "succeeded" for one in refunds) else None

    def is_on_sale(self, price: Object) -> bool:
        """Whether our site can sell it: an amount for each, and nothing that changes it."""
        product = next((one for one in self.products if one["id"] == price["product"]), {"active": False})
        return bool(price["active"] and product["active"] and self.is_plain(price))

    @staticmethod
    def is_plain(price: Object) -> bool:
        """Whether it has one amount for each."""
        is_plain = price["billing_scheme"] == "per_unit" and price["unit_amount"] is not None
        is_counted = price["transform_quantity"] is None and price["custom_unit_amount"] is None
        by_use = bool(price["recurring"]) and price["recurring"]["usage_type"] == "metered"
        return is_plain and is_counted and not by_use


def complete(stripe: Stripe, subscription: Object) -> Object:
    """Return a subscription with all of its items: Stripe shows ten."""
    if not subscription["items"]["has_more"]:
        return subscription
    items = stripe.every("/v1/subscription_items", subscription=subscription["id"])
    return {**subscription, "items": {**subscription["items"], "data": items, "has_more": False}}


def _has_taken(dispute: Object) -> bool:
    is_withdrawn = sum(one["amount"] for one in dispute["balance_transactions"]) < 0
    return is_withdrawn and dispute["status"] in TAKING


def _regular_amount(stripe: Stripe, subscription: Object) -> int | None:
    """Return what the next invoice asks for the plan itself, after discounts; None if no figure can be foretold.

    Use is counted later, a schedule may have changed the plan by then, and an end makes the period shorter.
    """
    recurring = [item["price"]["recurring"] for item in subscription["items"]["data"]]
    intervals = {(one["interval"], one["interval_count"]) for one in recurring}
    by_use = any(one["usage_type"] == "metered" for one in recurring)
    is_steady = subscription["status"] in PAID and next_charge_of(subscription) and not end_of(subscription)
    if by_use or len(intervals) > 1 or not is_steady or subscription["schedule"]:
        return None
    status, invoice = stripe.call("POST", "/v1/invoices/create_preview", subscription=subscription["id"])
    if status != 200:
        return None
    lines = invoice["lines"]["data"]
    about = [(line["parent"] or {}).get("subscription_item_details") or {"proration": True} for line in lines]
    if invoice["lines"]["has_more"] or any(one["proration"] for one in about):
        # A discount in money is spread over these, too.
        return None
    return sum(line["amount"] - sum(off["amount"] for off in line["discount_amounts"] or []) for line in lines)

"""The stand-in's account: many subscriptions, each with its customer and last invoice.

A few are bought in a sandbox. The others are copies of these with their own ids and times.
"""

import json
from typing import Any

import stripe

from sandbox.app import Sandbox
from sandbox.core.store import Object
from sandbox.transport import InProcessClient

DAY = 86_400
MONTH = 30 * DAY
YEARS = 730 * DAY  # The oldest subscription began so long ago.
AMOUNTS = {"Basic": 900, "Pro": 1900, "Team": 4900}

# One in this many subscriptions has ended or is unpaid.
ENDED_EVERY = 20
OVERDUE_EVERY = 25


class World:
    """A sandbox with many subscriptions; `ids` are theirs, newest first."""

    def __init__(self, subscriptions: int) -> None:
        self.sandbox = Sandbox()
        self.account = self.sandbox.account
        self.ids = [f"sub_{number:024}" for number in range(subscriptions)]
        originals = _bought()
        with self.account.transaction():
            self.now = self.account.now
            for obj in originals["catalog"]:
                self.account.store.put(obj)
            templates = [json.dumps(bought) for bought in originals["purchases"]]
            for number in reversed(range(subscriptions)):
                self._copy(templates[number % len(templates)], number, subscriptions)

    def change(self, *, first: int, clear: int, unclear: int) -> list[str]:
        """Change subscriptions, counted from the newest, and return their ids.

        A `clear` one changes once. An `unclear` one changes twice within a second, so its events do not show which
        state is the later one.
        """
        chosen = self.ids[first : first + clear + unclear]
        with self.account.transaction():
            for number, subscription_id in enumerate(chosen):
                self._touch(subscription_id, 1)
                if number >= clear:
                    self._touch(subscription_id, 2)
        return chosen

    def advance(self, seconds: int) -> int:
        """Move the clock forward; returns Stripe's new time."""
        with self.account.transaction():
            self.account.move_to(self.account.now + seconds)
            return self.account.now

    def _touch(self, subscription_id: str, turn: int) -> None:
        subscription = self.account.find("subscription", subscription_id)
        note = {"note": f"{self.account.now}-{turn}"}
        changed = {"metadata": subscription["metadata"] | note}
        self.account.change(subscription, changed, event="customer.subscription.updated")

    def _copy(self, template: str, number: int, total: int) -> None:
        bought = _renumbered(template, number)
        customer, subscription, invoice = bought["customer"], bought["subscription"], bought["invoice"]
        began = self.now - 3600 - YEARS * number // total
        period = max(began, self.now - 3600 - number * 7919 % MONTH)
        _begin(subscription, began, period)
        _bill(invoice, period)
        customer |= {"created": began, "email": f"buyer{number}@example.com", "name": f"Buyer {number}"}
        invoice |= {"customer_email": customer["email"], "customer_name": customer["name"]}
        if number % ENDED_EVERY == ENDED_EVERY - 1:
            # Its customer has another, active one: a customer without any would be archived.
            _end(subscription, invoice, customer_id=_numbered("cus", number - 1), at=period)
        elif number % OVERDUE_EVERY == OVERDUE_EVERY - 1:
            _leave_unpaid(subscription, invoice)
        for obj in (customer, subscription, invoice):
            self.account.store.put(obj)


def _bought() -> dict[str, Any]:
    """Buy one subscription of each plan in a sandbox; returns the resulting objects."""
    sandbox = Sandbox()
    api = stripe.StripeClient("sk_test_world", http_client=InProcessClient(sandbox)).v1
    store, catalog, purchases = sandbox.account.store, [], []
    for name, amount in AMOUNTS.items():
        product = api.products.create({"name": name})
        price = api.prices.create(
            {"product": product.id, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        )
        customer = api.customers.create({"email": "buyer@example.com", "name": "Buyer"})
        method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        subscription = api.subscriptions.create(
            {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method.id}
        )
        catalog += [store.get("product", product.id), store.get("price", price.id)]
        kept = store.get("subscription", subscription.id) or {}
        # The copies have no payment methods, so they refer to none.
        kept["default_payment_method"] = None
        invoice = store.get("invoice", kept["latest_invoice"])
        purchases.append(
            {"customer": store.get("customer", customer.id), "subscription": kept, "invoice": invoice},
        )
    return {"catalog": catalog, "purchases": purchases}


def _numbered(prefix: str, number: int) -> str:
    return f"{prefix}_{number:0{14 if prefix in {'cus', 'si'} else 24}}"


def _renumbered(template: str, number: int) -> dict[str, Object]:
    """A copy of a purchase with this number in its ids."""
    bought = json.loads(template)
    subscription, invoice = bought["subscription"], bought["invoice"]
    old_ids = [
        bought["customer"]["id"],
        subscription["id"],
        subscription["items"]["data"][0]["id"],
        invoice["id"],
        invoice["lines"]["data"][0]["id"],
    ]
    text = template
    for old_id in old_ids:
        text = text.replace(old_id, _numbered(old_id.partition("_")[0], number))
    renumbered: dict[str, Object] = json.loads(text)
    return renumbered


def _begin(subscription: Object, began: int, period: int) -> None:
    subscription |= {"created": began, "start_date": began, "billing_cycle_anchor": began}
    for item in subscription["items"]["data"]:
        item |= {"created": began, "current_period_start": period, "current_period_end": period + MONTH}


def _bill(invoice: Object, at: int) -> None:
    reached = {"finalized_at": at, "paid_at": at}
    invoice |= {"created": at, "effective_at": at, "period_end": at, "period_start": at, "webhooks_delivered_at": at}
    invoice["status_transitions"] |= reached
    invoice["number"] = f"{invoice['id'][-8:]}-0001"
    for line in invoice["lines"]["data"]:
        line["period"] = {"start": at, "end": at + MONTH}


def _end(subscription: Object, invoice: Object, *, customer_id: str, at: int) -> None:
    subscription |= {"status": "canceled", "canceled_at": at, "ended_at": at, "customer": customer_id}
    subscription["cancellation_details"]["reason"] = "cancellation_requested"
    invoice["customer"] = customer_id


def _leave_unpaid(subscription: Object, invoice: Object) -> None:
    subscription["status"] = "past_due"
    invoice |= {"status": "open", "amount_paid": 0, "amount_remaining": invoice["amount_due"]}
    invoice["status_transitions"]["paid_at"] = None

"""A customer's year, played on the sandbox's clock: at every step our copy is Stripe's, and access is right."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions import access, stripe_clock
from subscriptions.models import CheckoutSession, Invoice, StatusChange, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db

DAY = 86_400


def moment(unix: int | None) -> datetime | None:
    return None if unix is None else datetime.fromtimestamp(unix, UTC)


class Year:
    """Ada and her browser, the sandbox and its clock, and the comparison after each step."""

    def __init__(self, client: Client, person: User, local_stripe: LocalStripe) -> None:
        self.client, self.person, self.stripe = client, person, local_stripe

    @property
    def subscription(self) -> Subscription:
        newest = Subscription.objects.order_by("stripe_created_at").last()
        assert newest is not None
        return newest

    def buy(self, price: Price) -> None:
        assert self.client.post(f"/buy/{price.pk}/").status_code == 303
        self.stripe.pay(CheckoutSession.objects.get(status="open").stripe_id)

    def change(self, price: Price, *, when: str) -> int:
        """Confirm what the page shows, and return the total of the invoice it shows."""
        path = f"/subscriptions/{self.subscription.pk}/change/{price.pk}/"
        page = self.client.get(path)
        token = re.search(r'name="preview" value="([^"]+)"', page.content.decode())
        assert token is not None
        assert self.client.post(path, {"preview": token[1], "when": when}).status_code == 302
        return int(page.context["preview"].total)

    def post(self, page: str, **form: str) -> None:
        assert self.client.post(f"/subscriptions/{self.subscription.pk}/{page}/", form).status_code == 302

    def days_pass(self, days: float) -> None:
        self.stripe.control("clock", advance=int(days * DAY))

    def period_passes(self) -> None:
        """Go two hours past the end of the running period."""
        end = self.stripe.api.subscriptions.retrieve(self.subscription.pk)["items"].data[0].current_period_end
        self.stripe.control("clock", to=end + 7200)

    def check(self, status: str, price: Price, *, has_access: bool) -> None:
        """Sync once, then compare with the sandbox, object by object."""
        run, _ = sync_now()
        assert (run.is_complete, run.failed) == (True, 0)
        stripe_clock.forget()
        assert (self.subscription.status, self.subscription.price_id) == (status, price.pk)
        assert access.has_access(self.person) is has_access
        assert access.has_access(self.person, price.product_id) is has_access
        self._compare_subscriptions()
        self._compare_invoices()

    def _compare_subscriptions(self) -> None:
        theirs: dict[str, Any] = {}
        for listed in self.stripe.api.subscriptions.list({"status": "all"}).data:
            item = listed["items"].data[0]
            theirs[listed.id] = (
                listed.status,
                listed.customer,
                item.price.id,
                item.quantity,
                moment(item.current_period_start),
                moment(item.current_period_end),
                moment(listed.trial_end),
                listed.cancel_at_period_end,
                moment(listed.cancel_at),
                moment(listed.ended_at),
                listed.schedule,
            )
        columns = (
            "status", "customer_id", "price_id", "quantity", "current_period_start_at", "current_period_end_at",
            "trial_end_at", "cancel_at_period_end", "cancel_at", "ended_at", "schedule_id",
        )  # fmt: skip
        assert {row[0]: row[1:] for row in Subscription.objects.values_list("pk", *columns)} == theirs

    def _compare_invoices(self) -> None:
        theirs = {
            listed.id: (listed.status, listed.total, listed.amount_paid, listed.amount_remaining, listed.number)
            for listed in self.stripe.api.invoices.list({"limit": 100}).data
        }
        columns = ("status", "total", "amount_paid", "amount_remaining", "number")
        assert {row[0]: row[1:] for row in Invoice.objects.values_list("pk", *columns)} == theirs

    @property
    def newest_invoice(self) -> Any:
        return self.stripe.api.invoices.list({"limit": 1}).data[0]


def test_a_year(customer_client: Client, person: User, local_stripe: LocalStripe) -> None:
    year = Year(customer_client, person, local_stripe)

    def plan(name: str, amount: int, *, trial_days: int | None = None) -> Price:
        terms = PriceTerms(unit_amount=amount, currency="usd", trial_days=trial_days)
        return catalog.create_product(name=name, price=terms, request_id=name).price

    basic, pro, team = plan("Basic", 900), plan("Pro", 1900, trial_days=14), plan("Team", 4900)
    sync_now()

    year.buy(pro)
    year.check("trialing", pro, has_access=True)
    first_id = year.subscription.pk

    year.days_pass(14.1)
    year.check("active", pro, has_access=True)
    assert year.newest_invoice.amount_paid == 1900

    year.period_passes()
    year.check("active", pro, has_access=True)
    assert year.newest_invoice.billing_reason == "subscription_cycle"

    year.days_pass(10)
    shown = year.change(team, when="now")
    year.check("active", team, has_access=True)
    assert year.subscription.pk == first_id

    year.change(basic, when="period_end")
    year.check("active", team, has_access=True)
    assert Subscription.objects.select_related("schedule").get().pending_change is not None
    year.post("undo-change")
    year.check("active", team, has_access=True)
    assert Subscription.objects.select_related("schedule").get().pending_change is None

    year.period_passes()
    year.check("active", team, has_access=True)
    assert year.newest_invoice.total == shown

    year.change(basic, when="period_end")
    year.period_passes()
    year.check("active", basic, has_access=True)
    assert (year.newest_invoice.total, year.subscription.pk) == (900, first_id)

    customer = str(year.subscription.customer_id)
    failing = local_stripe.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    local_stripe.api.subscriptions.update(first_id, {"default_payment_method": failing.id})
    year.period_passes()
    year.check("past_due", basic, has_access=True)
    assert Invoice.objects.get(pk=year.newest_invoice.id).is_payable

    good = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer})
    local_stripe.api.subscriptions.update(first_id, {"default_payment_method": good.id})
    year.days_pass(5)
    year.check("active", basic, has_access=True)
    assert year.newest_invoice.status == "paid"

    year.post("cancel", when="period_end", feedback="unused")
    year.check("active", basic, has_access=True)
    assert year.subscription.cancels_at is not None
    year.post("resume")
    year.check("active", basic, has_access=True)
    assert year.subscription.cancels_at is None

    year.days_pass(3)
    year.post("cancel", when="now")
    year.check("canceled", basic, has_access=False)

    year.days_pass(40)
    year.check("canceled", basic, has_access=False)
    year.buy(team)
    year.check("active", team, has_access=True)
    assert year.subscription.pk != first_id

    changes = StatusChange.objects.filter(subscription=first_id).order_by("changed_at", "recorded_at")
    history = [(change.to_status, change.to_price_id) for change in changes]
    assert [step for number, step in enumerate(history) if number == 0 or step != history[number - 1]] == [
        ("trialing", pro.pk),
        ("active", pro.pk),
        ("active", team.pk),
        ("active", basic.pk),
        ("past_due", basic.pk),
        ("active", basic.pk),
        ("canceled", basic.pk),
    ]
    assert all(change.changed_at <= stripe_clock.now() for change in changes)
    assert timezone.now() < stripe_clock.now()

"""Subscriptions with items of different intervals: the nearest period decides what comes next."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import Customer, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, path_to, settle, sync_now
from tests.subscriptions.plans.test_agreed_ends import card, day
from tests.subscriptions.reading import forms, shown, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def support(local_stripe: LocalStripe, db: None) -> Price:
    """100.00 USD a year for "Support"."""
    terms = PriceTerms(unit_amount=10_000, currency="usd", interval="year")
    return catalog.create_product(name="Support", price=terms, request_id="support").price


@pytest.fixture(params=["monthly first", "yearly first"])
def mixed(
    request: pytest.FixtureRequest, customer: Customer, price: Price, support: Price, local_stripe: LocalStripe
) -> Subscription:
    """Pro by the month and Support by the year, made in the dashboard."""
    settle()
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
    items: Any = [{"price": price.pk}, {"price": support.pk}]
    items = items if request.param == "monthly first" else items[::-1]
    local_stripe.api.subscriptions.create(
        {"customer": customer.pk, "items": items, "default_payment_method": method.id}
    )
    sync_now()
    local_stripe.forget_calls()
    return Subscription.objects.get()


def is_monthly_first(subscription: Subscription) -> bool:
    return subscription.items[0]["interval"] == "month"


def test_shows_each_price_and_date(customer_client: Client, mixed: Subscription) -> None:
    near = mixed.current_period_end_at
    assert near is not None
    assert near - mixed.stripe_created_at < timedelta(days=32)  # type: ignore[operator]
    far = day(mixed.stripe_created_at.replace(year=mixed.stripe_created_at.year + 1))  # type: ignore[union-attr]
    told = words(card(customer_client))
    assert f"Renews on {day(near)}." in told
    assert ("Pro Active" in told) is is_monthly_first(mixed)
    if is_monthly_first(mixed):
        assert f"$19.00 per month, next on {day(near)} and Support, $100.00 per year, next on {far}" in told
    else:
        assert f"$100.00 per year, next on {far} and Pro, $19.00 per month, next on {day(near)}" in told


def test_is_charged_by_each_interval(mixed: Subscription, local_stripe: LocalStripe) -> None:
    assert mixed.next_charge_at is not None
    local_stripe.control("clock", to=int(mixed.next_charge_at.timestamp()) + 60)
    sync_now()
    invoices = local_stripe.api.invoices.list().data
    assert [invoice.total for invoice in invoices] == [1900, 11_900]
    assert Subscription.objects.get().next_charge_at > mixed.next_charge_at  # type: ignore[operator]


def test_ends_with_the_nearest_period(customer_client: Client, mixed: Subscription, local_stripe: LocalStripe) -> None:
    near = mixed.current_period_end_at
    assert near is not None
    page = words(shown(customer_client, f"/subscriptions/{mixed.pk}/cancel/"))
    assert f"You keep access until {day(near)}." in page
    assert "All of it ends then; what is paid for a longer time is not refunded." in page
    customer_client.post(f"/subscriptions/{mixed.pk}/cancel/", {"when": "period_end"})
    after = Subscription.objects.get()
    assert (after.cancels_at, after.ends_with_period) == (near, True)
    local_stripe.control("clock", to=int(near.timestamp()) + DAY)
    sync_now()
    assert Subscription.objects.get().status == "canceled"


@pytest.mark.parametrize("mixed", ["monthly first"], indirect=True)
@pytest.mark.parametrize("form", [0, 1])
def test_a_change_of_the_plan_keeps_the_other_item(
    customer_client: Client, mixed: Subscription, basic: Price, support: Price, form: int
) -> None:
    page = shown(customer_client, path_to(mixed, basic))
    assert customer_client.post(path_to(mixed, basic), forms(page)[form]).status_code == 302
    after = Subscription.objects.get()
    assert support.pk in after.price_ids
    if form == 1:
        assert after.pending_change is not None
        assert after.pending_change.next_at == mixed.plan_period_ends_at


def test_a_later_end_is_told_from_the_nearest_charge(
    customer_client: Client, mixed: Subscription, local_stripe: LocalStripe
) -> None:
    assert mixed.current_period_end_at is not None
    end = int(mixed.current_period_end_at.timestamp()) + 70 * DAY
    local_stripe.api.subscriptions.update(mixed.pk, {"cancel_at": end, "proration_behavior": "none"})
    sync_now()
    after = Subscription.objects.get()
    assert (after.ends_later, after.next_charge_at) == (True, mixed.current_period_end_at)
    assert f"the next payment is on {day(mixed.current_period_end_at)}." in words(card(customer_client))

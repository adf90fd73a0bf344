"""Schedules of several items, or in a currency of their own: all of it is told to their owner and to staff."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.customers import ownership
from subscriptions.models import Customer, Subscription, SubscriptionSchedule
from subscriptions.plans import leaving
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import DAY, settle
from tests.subscriptions.reading import cards, shown, words

pytestmark = pytest.mark.django_db

MONTH: Any = {"interval": "month", "interval_count": 1}


@pytest.fixture
def planned(subscription: Subscription, basic: Price, team: Price, local_stripe: LocalStripe) -> Subscription:
    """Pro: from the next month on with two of Basic, from the one after that Team with one of Basic."""
    made = local_stripe.api.subscription_schedules.create({"from_subscription": subscription.pk})
    now = made.phases[0]
    pro = {"price": str(subscription.price_id), "quantity": 1}
    phases: Any = [
        {"start_date": now.start_date, "end_date": now.end_date, "items": [pro]},
        {"items": [pro, {"price": basic.pk, "quantity": 2}], "duration": MONTH},
        {"items": [{"price": team.pk}, {"price": basic.pk}], "duration": MONTH},
    ]
    local_stripe.api.subscription_schedules.update(made.id, {"phases": phases})
    settle()
    return Subscription.objects.get()


def day(moment: datetime | None) -> str:
    assert moment is not None
    return f"{moment:%-d %B %Y}"


class TestChange:
    def test_tells_its_further_items(self, customer_client: Client, planned: Subscription) -> None:
        change = planned.pending_change
        assert change is not None
        (card,) = cards(shown(customer_client, "/account/"))
        assert (
            f"Changes to Pro, $19.00 per month and Basic, $10.00 per month, 2 \N{MULTIPLICATION SIGN} $5.00 "
            f"on {day(change.next_at)}, then to Team, $49.00 per month and Basic, $5.00 per month on"
        ) in words(card)

    def test_tells_them_before_its_person_is_deleted(self, planned: Subscription, person: User) -> None:
        (held,) = ownership.running_of(person)
        said = leaving.charge_in_words(held)
        assert (
            "; changes to Pro, $19.00 per month and Basic, $10.00 per month, 2 \N{MULTIPLICATION SIGN} $5.00 on"
            in said
        )
        assert "; changes to Team, $49.00 per month and Basic, $5.00 per month on" in said

    def test_counts_them_for_staff(self, admin_client: Client, planned: Subscription) -> None:
        page = admin_client.get("/admin/subscriptions/subscriptionschedule/").content.decode()
        assert "Pro, $19.00 per month and 1 more" in page
        pk = str(planned.schedule_id).replace("_", "_5F")
        page = words(admin_client.get(f"/admin/subscriptions/subscriptionschedule/{pk}/change/").content.decode())
        assert "Pro: $19.00 per month and Basic: $10.00 per month, 2 \N{MULTIPLICATION SIGN} $5.00, from" in page


class TestBeforeItStarts:
    def test_its_owner_reads_every_item_in_the_currency_that_is_charged(
        self, customer_client: Client, customer: Customer, price: Price, basic: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        for one, amount in ((price, 1700), (basic, 400)):
            local_stripe.api.prices.update(one.pk, {"currency_options": {"eur": {"unit_amount": amount}}})
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
        items: Any = [{"price": price.pk}, {"price": basic.pk, "quantity": 3}]
        local_stripe.api.subscription_schedules.create(
            {
                "customer": customer.pk,
                "start_date": int(stripe_clock.now().timestamp()) + 10 * DAY,
                "default_settings": {"default_payment_method": method.id},
                "phases": [{"currency": "eur", "items": items, "duration": MONTH}],
            }
        )
        for event in local_stripe.events("subscription_schedule.created"):
            assert deliver(Client(), event).status_code == 200
        schedule = SubscriptionSchedule.objects.get()
        (card,) = cards(shown(customer_client, "/account/"))
        assert (
            f"Pro Starts {day(schedule.next_at)} \N{EURO SIGN}17.00 per month "
            "and Basic, \N{EURO SIGN}12.00 per month, 3 \N{MULTIPLICATION SIGN} \N{EURO SIGN}4.00 It starts on"
        ) in words(card)

        assert schedule.next_at is not None
        local_stripe.control("clock", to=int(schedule.next_at.timestamp()) + 60)
        (begun,) = local_stripe.api.subscriptions.list().data
        assert local_stripe.api.invoices.retrieve(str(begun.latest_invoice)).total == 2900
        assert begun.currency == "eur"

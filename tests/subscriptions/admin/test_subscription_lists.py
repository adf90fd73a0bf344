"""The lists of subscriptions and schedules in the admin: what each row says about its plan and its price."""

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, SubscriptionSchedule
from tests.subscriptions import reading
from tests.subscriptions.rows import item_of, subscribe

pytestmark = pytest.mark.django_db

SUBSCRIPTIONS = "/admin/subscriptions/subscription/"


def pages_about(customer: Customer) -> tuple[str, str]:
    return SUBSCRIPTIONS, f"/admin/subscriptions/customer/{customer.pk.replace('_', '_5F')}/change/"


class TestPrice:
    def test_of_another_currency_names_no_amount(self, admin_client: Client, customer: Customer, price: Price) -> None:
        """The price's amount in euros is not copied; its dollars are not what is charged."""
        subscribe(customer, price, currency="eur")
        for page in pages_about(customer):
            shown = reading.words(reading.shown(admin_client, page))
            assert "billed in EUR per month" in shown
            assert "$19.00" not in shown

    def test_of_several_items_says_so(self, admin_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price, items=[item_of(price), item_of(price, "si_2"), item_of(price, "si_3")])
        for page in pages_about(customer):
            assert "$19.00 per month, and 2 more" in reading.words(reading.shown(admin_client, page))

    def test_of_one_item(self, admin_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price)
        for page in pages_about(customer):
            shown = reading.words(reading.shown(admin_client, page))
            assert "$19.00 per month" in shown
            assert "more" not in shown.partition("$19.00 per month")[2][:10]


def test_a_schedule_without_a_further_change_has_no_next_plan(
    admin_client: Client, customer: Customer, price: Price
) -> None:
    running = subscribe(customer, price)
    SubscriptionSchedule.objects.create(
        pk="sub_sched_1", subscription=running, customer=customer, status="active", end_behavior="release"
    )
    shown = reading.words(reading.shown(admin_client, "/admin/subscriptions/subscriptionschedule/"))
    assert "Next plan" in shown
    assert f"{customer.email} Running None" in shown

"""Subscriptions that a schedule begins later: what they cost and when, for their owner and for staff."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.customers import linking
from subscriptions.models import Customer, SubscriptionSchedule
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions import reading
from tests.subscriptions.conftest import DAY, settle, sync_now
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db


def schedule(
    local_stripe: LocalStripe,
    customer: Customer,
    price: Price,
    *,
    end_behavior: Any = "release",
    settings: Any = None,
    in_days: int = 10,
    is_heard: bool = True,
    **phase: Any,
) -> int:
    """Agree in the dashboard that a subscription begins in so many days; return that second.

    Unless `is_heard`, no event of it arrives.
    """
    local_stripe.control("clock", advance=1)
    settle()
    begins_at = int(stripe_clock.now().timestamp()) + in_days * DAY
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
    local_stripe.api.subscription_schedules.create(
        {
            "customer": customer.pk,
            "start_date": begins_at,
            "end_behavior": end_behavior,
            "default_settings": {"default_payment_method": method.id, **(settings or {})},
            "phases": [{"items": [{"price": price.pk, "quantity": 2}], **phase}],
        }
    )
    for event in local_stripe.events("subscription_schedule.created") if is_heard else []:
        assert deliver(Client(), event).status_code == 200
    local_stripe.forget_calls()
    return begins_at


def day(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%-d %B %Y}"


class TestBeforeItStarts:
    def test_its_owner_reads_plan_day_and_first_payment(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        begins_at = schedule(local_stripe, customer, price)
        (card,) = reading.cards(customer_client.get("/account/").content.decode())
        assert words(card).startswith(
            f"Pro Starts {day(begins_at)} $38.00 per month, 2 \N{MULTIPLICATION SIGN} $19.00"
        )
        assert f"It starts on {day(begins_at)}; the first payment is on {day(begins_at)}." in words(card)
        assert "You have no subscriptions" not in customer_client.get("/account/").content.decode()

    def test_free_days_come_before_the_first_payment(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=1)
        free_until = int(stripe_clock.now().timestamp()) + 24 * DAY
        begins_at = schedule(local_stripe, customer, price, trial_end=free_until)
        (card,) = reading.cards(customer_client.get("/account/").content.decode())
        said = f"It starts on {day(begins_at)} with free days; the first payment is on {day(free_until)}."
        assert said in words(card)

    @pytest.mark.parametrize("is_of_phase", [True, False])
    def test_an_invoice_to_pay_is_told_with_its_due_date(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        local_stripe: LocalStripe,
        *,
        is_of_phase: bool,
    ) -> None:
        sent: Any = {"collection_method": "send_invoice", "invoice_settings": {"days_until_due": 14}}
        how: Any = sent if is_of_phase else {"settings": sent}
        begins_at = schedule(local_stripe, customer, price, **how)
        (card,) = reading.cards(customer_client.get("/account/").content.decode())
        said = (
            f"It starts on {day(begins_at)}; you get the first invoice on {day(begins_at)}, "
            f"to be paid by {day(begins_at + 14 * DAY)}."
        )
        assert said in words(card)
        assert "payment" not in words(card)

    def test_a_discount_and_an_agreed_end_are_told(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        half = local_stripe.api.coupons.create({"percent_off": 50, "duration": "forever"})
        phase: Any = {"discounts": [{"coupon": half.id}], "duration": {"interval": "month", "interval_count": 12}}
        schedule(local_stripe, customer, price, end_behavior="cancel", **phase)
        row = SubscriptionSchedule.objects.get()
        assert row.ends_at is not None
        (card,) = reading.cards(customer_client.get("/account/").content.decode())
        assert "$38.00 per month, 2 \N{MULTIPLICATION SIGN} $19.00, before your discount It starts on" in words(card)
        assert f"It ends on {day(int(row.ends_at.timestamp()))}, as agreed. If you don" in words(card)

    def test_staff_read_the_same(
        self, admin_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        schedule(local_stripe, customer, price)
        row = SubscriptionSchedule.objects.get()
        assert (row.customer_id, row.next_price_id, row.next_quantity) == (customer.pk, price.pk, 2)
        for path in ("", f"{row.pk.replace('_', '_5F')}/change/"):
            page = admin_client.get(f"/admin/subscriptions/subscriptionschedule/{path}").content.decode()
            assert "Pro, $38.00 per month, 2 \N{MULTIPLICATION SIGN} $19.00" in page
        listed = admin_client.get("/admin/subscriptions/subscriptionschedule/").content.decode()
        assert 'field-first_charge_at nowrap">-' not in listed

    def test_afterwards_it_is_a_subscription_as_any_other(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        schedule(local_stripe, customer, price)
        local_stripe.control("clock", advance=11 * DAY)
        settle()
        (card,) = reading.cards(customer_client.get("/account/").content.decode())
        assert words(card).startswith("Pro Active $38.00 per month, 2 \N{MULTIPLICATION SIGN} $19.00 Renews")
        sync_now(full=True)
        assert SubscriptionSchedule.objects.get().begins_at is None


class TestWithoutItsEvent:
    def test_a_full_look_finds_it(self, customer: Customer, price: Price, local_stripe: LocalStripe) -> None:
        begins_at = schedule(local_stripe, customer, price, in_days=60, is_heard=False)
        local_stripe.control("clock", advance=40 * DAY)
        run, _ = sync_now()
        row = SubscriptionSchedule.objects.get()
        assert (run.is_full, run.drifted, row.customer_id) == (True, [row.pk], customer.pk)
        assert row.begins_at == datetime.fromtimestamp(begins_at, UTC)

    def test_a_full_look_reads_those_that_are_known_in_one_call(
        self, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        schedule(local_stripe, customer, price)
        schedule(local_stripe, customer, price)
        sync_now(full=True)
        local_stripe.forget_calls()
        run, _ = sync_now(full=True)
        assert (run.drifted, SubscriptionSchedule.objects.not_started().count()) == ([], 2)
        assert [call for call in local_stripe.calls if "schedule" in call] == ["GET /v1/subscription_schedules"]

    def test_a_full_look_finds_that_it_was_cancelled(
        self, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        schedule(local_stripe, customer, price, in_days=60)
        row = SubscriptionSchedule.objects.get()
        local_stripe.api.subscription_schedules.cancel(row.pk)
        local_stripe.control("clock", advance=40 * DAY)
        run, _ = sync_now()
        row.refresh_from_db()
        assert (run.is_full, run.drifted, row.status) == (True, [row.pk], "canceled")

    def test_linking_its_customer_finds_it(
        self, person: User, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        other = local_stripe.api.customers.create({"email": "lovelace@example.com"})
        found = Customer.objects.create(pk=other.id, email="lovelace@example.com")
        schedule(local_stripe, found, price, is_heard=False)
        linking.link(customer=found, user=person, now=timezone.now())
        assert [row.customer_id for row in SubscriptionSchedule.objects.not_started()] == [found.pk]


class TestWhenItsPersonGoes:
    @pytest.mark.parametrize("fate", ["nothing", "erase"])
    def test_it_is_cancelled_though_no_event_came(  # noqa: PLR0917  (fixtures)
        self,
        admin_client: Client,
        person: User,
        customer: Customer,
        price: Price,
        local_stripe: LocalStripe,
        fate: str,
    ) -> None:
        schedule(local_stripe, customer, price, is_heard=False)
        admin_client.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes", "fate": fate})
        assert not User.objects.filter(pk=person.pk).exists()
        assert [one.status for one in local_stripe.api.subscription_schedules.list().data] == ["canceled"]

    def test_it_is_cancelled_with_the_user(
        self, admin_client: Client, person: User, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        schedule(local_stripe, customer, price)
        admin_client.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes", "fate": "nothing"})
        assert not User.objects.filter(pk=person.pk).exists()
        assert [one.status for one in local_stripe.api.subscription_schedules.list().data] == ["canceled"]

    def test_it_is_cancelled_and_forgotten_when_they_are_erased(
        self, person: User, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        schedule(local_stripe, customer, price)
        call_command("erase_customer", "ada", "--no-input")
        assert SubscriptionSchedule.objects.count() == 0
        assert [one.status for one in local_stripe.api.subscription_schedules.list().data] == ["canceled"]

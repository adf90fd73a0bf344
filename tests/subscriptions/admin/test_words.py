"""What staff read of Stripe's words and times: words and times that people read."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.utils import quote
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Refund, SubscriptionSchedule
from tests.subscriptions.reading import words
from tests.subscriptions.rows import MAY, bill, subscribe

pytestmark = pytest.mark.django_db

READ = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)


def page(client: Client, model: str, pk: str = "") -> str:
    path = f"/admin/subscriptions/{model}/" + (f"{quote(pk)}/change/" if pk else "")
    return words(client.get(path).content.decode())


class TestTimes:
    def test_of_the_copy_are_read_as_others(self, admin_client: Client, customer: Customer) -> None:
        bill(customer, known_from=READ, known_until=READ)
        shown = page(admin_client, "invoice", "in_1")
        assert "Read after: March 4, 2026, 3:06 p.m. Copied at: March 4, 2026, 3:06 p.m. Updates: 0" in shown
        assert "2026-03-04" not in shown

    def test_of_a_later_start_are_read_as_others(self, admin_client: Client) -> None:
        SubscriptionSchedule.objects.create(pk="sub_sched_1", status="not_started", next_at=MAY)
        shown = page(admin_client, "subscriptionschedule", "sub_sched_1")
        assert "First charge: May 3, 2099, noon" in shown
        assert "2099-05-03" not in shown


class TestWords:
    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            ("subscription_cycle", "New period"),
            ("subscription_update", "Change of the subscription"),
            ("a_reason_of_next_year", "A reason of next year"),
        ],
    )
    def test_say_why_an_invoice_was_made(self, admin_client: Client, customer: Customer, raw: str, said: str) -> None:
        bill(customer, billing_reason=raw)
        bill(customer, "in_2", billing_reason="manual")
        for shown in (page(admin_client, "invoice"), page(admin_client, "invoice", "in_1")):
            assert said in shown
            assert raw not in shown

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            ("requested_by_customer", "Requested by the customer"),
            ("expired_uncaptured_charge", "Reserved and never charged"),
            ("", "None"),
        ],
    )
    def test_say_why_money_was_given_back(self, admin_client: Client, raw: str, said: str) -> None:
        for pk, reason in (("re_1", raw), ("re_2", "duplicate")):
            Refund.objects.create(pk=pk, amount=500, currency="usd", status="requires_action", reason=reason)
        shown = page(admin_client, "refund")
        assert said in shown
        assert "Waiting for your details" in shown
        for text in (shown, page(admin_client, "refund", "re_1")):
            assert not raw or raw not in text
            assert "requires_action" not in text

    def test_stand_on_a_subscriptions_page_too(self, admin_client: Client, customer: Customer, price: Price) -> None:
        held = subscribe(customer, price, "past_due", collection_method="send_invoice")
        bill(customer, billing_reason="subscription_cycle", subscription=held)
        shown = page(admin_client, "subscription", "sub_1")
        for said in ("Payment overdue", "Sent to be paid", "New period"):
            assert said in shown
        for raw in ("past_due ", "send_invoice", "subscription_cycle"):
            assert raw not in shown

    @pytest.mark.parametrize(
        ("status", "said"),
        [("canceled", "What its owner reads: Not charged any more"), ("active", "What its owner reads: To be paid")],
    )
    def test_of_an_open_invoice_are_its_owners(
        self, admin_client: Client, customer: Customer, price: Price, status: str, said: str
    ) -> None:
        bill(customer, billing_reason="subscription_cycle", subscription=subscribe(customer, price, status))
        assert said in page(admin_client, "invoice", "in_1")

    def test_filter_by_what_stripe_says(self, admin_client: Client, customer: Customer) -> None:
        bill(customer, billing_reason="subscription_cycle")
        bill(customer, "in_2", billing_reason="manual")
        listed = admin_client.get("/admin/subscriptions/invoice/?billing_reason=manual").content.decode()
        assert "NUMBER-in_2" in listed
        assert "NUMBER-in_1" not in listed

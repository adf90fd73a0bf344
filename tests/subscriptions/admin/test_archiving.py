"""Archiving customers in the admin: refused while something runs, and logged."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions.models import BillingAccount, Customer
from tests.fixtures import LocalStripe
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client, staff: User, local_stripe: LocalStripe) -> Client:
    client.force_login(staff)
    return client


def act(office: Client, action: str, customer: Customer) -> list[str]:
    """The messages after an action of the list."""
    chosen: dict[str, Any] = {"action": action, "_selected_action": [customer.pk]}
    page = office.post("/admin/subscriptions/customer/?listed=all", chosen, follow=True)
    return [str(message) for message in page.context["messages"]]


class TestArchive:
    @pytest.mark.parametrize(
        ("status", "words"),
        [("active", "active"), ("trialing", "trial"), ("past_due", "payment overdue"), ("paused", "paused")],
    )
    def test_is_refused_while_a_subscription_runs(
        self, office: Client, customer: Customer, price: Price, status: str, words: str
    ) -> None:
        subscribe(customer, price, status)
        assert act(office, "archive", customer) == [
            (
                f"Customer ada@example.com was not archived: sub_1 is running ({words}). "
                "Cancel it in Stripe's dashboard first."
            )
        ]
        assert Customer.objects.get().archived_at is None
        assert LogEntry.objects.count() == 0

    @pytest.mark.parametrize("status", ["canceled", "unpaid", "incomplete_expired"])
    def test_archives_and_restores_who_has_nothing_running(
        self, office: Client, customer: Customer, price: Price, status: str
    ) -> None:
        subscribe(customer, price, status)
        assert act(office, "archive", customer) == ["1 archived."]
        assert Customer.objects.get().archived_at is not None
        assert act(office, "restore", customer) == ["1 restored."]
        assert Customer.objects.get().archived_at is None
        logged = LogEntry.objects.order_by("action_time").values_list("change_message", flat=True)
        assert list(logged) == ["Archived.", "Restored from the archive."]


class TestSigningIn:
    def test_staff_become_customers_when_they_buy(
        self, client: Client, staff: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        form = {"username": "grace", "password": "correct horse battery", "next": "/admin/"}
        assert client.post("/admin/login/", form).status_code == 302
        assert (local_stripe.calls, BillingAccount.objects.count()) == ([], 0)
        assert client.post(f"/buy/{price.pk}/").status_code == 303
        assert BillingAccount.objects.get().user == staff

    def test_everybody_else_at_once(self, client: Client, person: User, local_stripe: LocalStripe) -> None:
        form = {"username": "ada", "password": "correct horse battery"}
        assert client.post("/accounts/login/", form).status_code == 302
        assert local_stripe.calls == ["POST /v1/customers"]
        assert BillingAccount.objects.get().user == person

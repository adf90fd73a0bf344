"""Linking a customer of the dashboard's to a user, by staff."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions import access
from subscriptions.customers import confirming
from subscriptions.models import BillingAccount, Customer, LinkedCustomer
from subscriptions.monitoring.doctor.people import check_people
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle
from tests.subscriptions.customers.test_linking import made_in_dashboard
from tests.subscriptions.reading import words
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client, staff: User, local_stripe: LocalStripe) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def elsewhere(price: Price, person: User, local_stripe: LocalStripe) -> str:
    customer_id = made_in_dashboard(local_stripe, price)
    settle()
    local_stripe.forget_calls()
    return customer_id


def page_of(customer_id: str, step: str) -> str:
    return f"/admin/subscriptions/customer/{customer_id.replace('_', '_5F')}/{step}/"


class TestLinkPage:
    def test_is_offered_and_says_what_happens(self, office: Client, elsewhere: str) -> None:
        shown = words(office.get(page_of(elsewhere, "change")).content.decode())
        assert "ada has the same address here" in shown
        assert "Link to a user" in shown
        asked = words(office.get(page_of(elsewhere, "link")).content.decode())
        assert "ada (ada@example.com) has not confirmed this customer's address." in asked
        assert "Pro: $19.00 per month, next charge on" in asked
        assert "visa ending in 4242" in asked
        assert f"New purchases are made with {elsewhere}." in asked
        notes = [finding.message for finding in check_people() if finding.level == "note"]
        assert notes == [
            (
                f"{elsewhere} was made elsewhere and has the address of the user ada. "
                "Link it on the customer's page in the admin, if it is the same person."
            )
        ]

    def test_says_what_is_paid_twice_then(
        self, office: Client, elsewhere: str, person: User, customer: Customer, price: Price
    ) -> None:
        said = "ada then pays twice for Pro. Nothing is cancelled by linking"
        assert said not in words(office.get(page_of(elsewhere, "link")).content.decode())
        subscribe(customer, price)
        assert said in words(office.get(page_of(elsewhere, "link")).content.decode())

    @pytest.mark.parametrize("override", ["", "yes", "cus_other"])
    def test_wants_a_confirmed_address_or_the_id(self, office: Client, elsewhere: str, override: str) -> None:
        page = office.post(page_of(elsewhere, "link"), {"user_name": "ada", "override": override})
        assert "ada has not confirmed ada@example.com." in words(page.content.decode())
        assert (LinkedCustomer.objects.count(), LogEntry.objects.count()) == (0, 0)

    @pytest.mark.parametrize("is_confirmed", [True, False])
    def test_links(self, office: Client, person: User, elsewhere: str, *, is_confirmed: bool) -> None:
        if is_confirmed:
            confirming.confirm(user=person, token=confirming.token_for(person), now=timezone.now())
        typed = "" if is_confirmed else elsewhere
        page = office.post(page_of(elsewhere, "link"), {"user_name": "ada", "override": typed})
        assert page.status_code == 302
        assert BillingAccount.objects.get(user=person).customer_id == elsewhere
        assert access.has_access(person)
        how = "" if is_confirmed else " without a confirmed address"
        assert LogEntry.objects.get().change_message == f"Linked to the user ada{how}."
        shown = words(office.get(page_of(elsewhere, "change")).content.decode())
        assert ("Link to a user" in shown, "has the same address" in shown) == (False, False)
        assert [finding.level.value for finding in check_people()] == ["ok"]

    def test_says_when_stripe_is_away(self, office: Client, elsewhere: str, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="timeout", count=9)
        page = office.post(page_of(elsewhere, "link"), {"user_name": "ada", "override": elsewhere})
        assert "Stripe can't be reached" in words(page.content.decode())
        assert LogEntry.objects.count() == 0

    def test_not_for_who_may_only_look(self, client: Client, elsewhere: str, local_stripe: LocalStripe) -> None:
        clerk = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="view_customer"))
        client.force_login(clerk)
        shown = client.get(page_of(elsewhere, "change"))
        assert (shown.status_code, "Link to a user" in shown.content.decode()) == (200, False)
        for response in (client.get(page_of(elsewhere, "link")), client.post(page_of(elsewhere, "link"))):
            assert response.status_code == 403
        assert (LinkedCustomer.objects.count(), local_stripe.calls) == (0, [])

"""A person's address and name, changed here or at Stripe: the last change wins, and the two never fight."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from subscriptions.models import Customer, DetailsToSend
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _settled(customer: Customer, local_stripe: LocalStripe) -> None:
    settle()
    local_stripe.forget_calls()


def at_stripe(local_stripe: LocalStripe, customer: Customer) -> tuple[Any, Any]:
    found = local_stripe.api.customers.retrieve(customer.pk)
    return found.email, found.name


def here() -> tuple[str, str]:
    customer = Customer.objects.get()
    return customer.email, customer.name


def change(person: User, **details: str) -> None:
    for name, value in details.items():
        setattr(person, name, value)
    person.save()


class TestChangedHere:
    def test_reaches_stripe_at_once(
        self,
        person: User,
        customer: Customer,
        local_stripe: LocalStripe,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            change(person, email="ada@new.example.com", first_name="Ada", last_name="Lovelace")
        assert at_stripe(local_stripe, customer) == ("ada@new.example.com", "Ada Lovelace")
        assert here() == ("ada@new.example.com", "Ada Lovelace")
        assert (local_stripe.calls, DetailsToSend.objects.count()) == ([f"POST /v1/customers/{customer.pk}"], 0)

    def test_is_sent_by_the_sync_once_stripe_is_back(
        self, person: User, customer: Customer, local_stripe: LocalStripe, django_capture_on_commit_callbacks: Any
    ) -> None:
        local_stripe.control("faults", status="timeout", count=1)
        with django_capture_on_commit_callbacks(execute=True):
            change(person, email="ada@new.example.com")
        assert (at_stripe(local_stripe, customer)[0], DetailsToSend.objects.count()) == ("ada@example.com", 1)
        run, _ = sync_now()
        assert (run.is_complete, at_stripe(local_stripe, customer)[0]) == (True, "ada@new.example.com")
        assert DetailsToSend.objects.count() == 0
        local_stripe.forget_calls()
        sync_now()
        assert not [call for call in local_stripe.calls if call.startswith("POST")]

    def test_an_address_that_stripe_refuses_leaves_the_old_one(
        self, person: User, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        change(person, email="ada@localhost", first_name="Ada")
        run, _ = sync_now()
        assert (run.is_complete, DetailsToSend.objects.count()) == (True, 0)
        assert at_stripe(local_stripe, customer)[1] == "Ada"

    def test_signing_in_and_other_saves_send_nothing(self, person: User, local_stripe: LocalStripe) -> None:
        person.save(update_fields=["last_login"])
        change(person, password="another")
        assert (DetailsToSend.objects.count(), local_stripe.calls) == (0, [])


class TestChangedAtStripe:
    def test_shows_and_is_not_overwritten(
        self, customer_client: Client, person: User, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.customers.update(customer.pk, {"email": "bills@example.com", "name": "Ada's firm"})
        sync_now()
        sync_now()
        person.refresh_from_db()
        assert (here(), person.email) == (("bills@example.com", "Ada's firm"), "ada@example.com")
        assert at_stripe(local_stripe, customer) == ("bills@example.com", "Ada's firm")
        assert "Receipts are sent to bills@example.com." in words(customer_client.get("/account/").content.decode())
        change(person, password="another")
        assert DetailsToSend.objects.count() == 0

    @pytest.mark.parametrize("last", ["here", "at Stripe"])
    def test_the_last_change_wins(
        self, person: User, customer: Customer, local_stripe: LocalStripe, last: str
    ) -> None:
        if last == "at Stripe":
            change(person, email="ada@new.example.com")
        local_stripe.control("clock", advance=3600)
        local_stripe.api.customers.update(customer.pk, {"email": "bills@example.com"})
        if last == "here":
            sync_now()
            local_stripe.control("clock", advance=3600)
            sync_now()
            change(person, email="ada@new.example.com")
        for _ in range(3):
            sync_now()
        expected = "ada@new.example.com" if last == "here" else "bills@example.com"
        assert (at_stripe(local_stripe, customer)[0], here()[0]) == (expected, expected)
        assert DetailsToSend.objects.count() == 0

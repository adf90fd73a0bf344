"""One person, one Stripe customer: at sign-in, at need, and after trouble."""

import threading

import pytest
import stripe
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing.errors import StripeUnavailable
from subscriptions.customers import erasing
from subscriptions.customers import services as customers
from subscriptions.models import BillingAccount, Customer, ErasedCustomer
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import Meanwhile

pytestmark = pytest.mark.django_db

CREATE = "POST /v1/customers"
LOGIN = {"username": "ada", "password": "correct horse battery"}


def theirs(local_stripe: LocalStripe) -> list[str]:
    return [customer.id for customer in local_stripe.api.customers.list().data]


class TestSignIn:
    def test_makes_the_customer(self, client: Client, person: User, local_stripe: LocalStripe) -> None:
        assert client.post("/accounts/login/", LOGIN).status_code == 302
        customer = Customer.objects.get()
        assert customer.email == "ada@example.com"
        assert person.billing_account.customer_id == customer.pk
        assert local_stripe.api.customers.retrieve(customer.pk).email == "ada@example.com"
        assert local_stripe.calls == [CREATE]

    def test_again_makes_no_other_and_no_call(self, client: Client, person: User, local_stripe: LocalStripe) -> None:
        client.post("/accounts/login/", LOGIN)
        local_stripe.forget_calls()
        client.post("/accounts/logout/")
        client.post("/accounts/login/", LOGIN)
        assert (Customer.objects.count(), local_stripe.calls) == (1, [])

    @pytest.mark.parametrize("status", [429, 500, "timeout", "reset"])
    def test_works_when_stripe_does_not(
        self, client: Client, person: User, local_stripe: LocalStripe, status: int | str
    ) -> None:
        local_stripe.control("faults", status=status, count=1)
        assert client.post("/accounts/login/", LOGIN)["Location"] == "/account/"
        assert Customer.objects.count() == 0
        # One try and no more: signing in does not wait.
        assert local_stripe.calls == [CREATE]
        customers.ensure(person)
        assert theirs(local_stripe) == [Customer.objects.get().pk]

    def test_works_with_a_wrong_key(
        self, client: Client, person: User, local_stripe: LocalStripe, settings: object
    ) -> None:
        settings.STRIPE_KEY = "sk_live_wrong"  # type: ignore[attr-defined]
        assert client.post("/accounts/login/", LOGIN)["Location"] == "/account/"
        assert Customer.objects.count() == 0


class TestEnsure:
    def test_an_answer_that_was_lost_is_found_again(self, person: User, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3, after=True)
        with pytest.raises(StripeUnavailable):
            customers.ensure(person)
        customer = customers.ensure(person)
        assert theirs(local_stripe) == [customer.pk]

    def test_a_500_that_took_effect_is_found_again(self, person: User, local_stripe: LocalStripe) -> None:
        """The stored 500 comes back for its key, so the next try has another key: the first customer is adopted."""
        local_stripe.control("faults", status=500, count=1, after=True)
        with pytest.raises(StripeUnavailable):
            customers.ensure(person)
        customer = customers.ensure(person)
        assert theirs(local_stripe) == [customer.pk]

    def test_a_changed_address_between_two_tries_is_no_conflict(self, person: User, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3, after=True)
        with pytest.raises(StripeUnavailable):
            customers.ensure(person)
        person.email = "lovelace@example.com"
        person.save()
        customer = customers.ensure(person)
        assert theirs(local_stripe) == [customer.pk]

    def test_a_lost_answer_is_found_again_when_stripe_has_forgotten_the_key(
        self, person: User, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="reset", count=3, after=True)
        with pytest.raises(StripeUnavailable):
            customers.ensure(person)
        local_stripe.control("clock", advance=2 * 86400)
        customer = customers.ensure(person)
        assert theirs(local_stripe) == [customer.pk]

    def test_an_error_on_the_way_undoes_nothing_that_another_try_has_done(
        self, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        nobody = User.objects.create_user("nobody")

        def bad_gateway() -> None:
            customers.ensure(nobody)
            raise stripe.APIError("Bad gateway", http_status=502)

        meanwhile.before("POST /v1/customers", bad_gateway)
        with pytest.raises(StripeUnavailable):
            customers.ensure(nobody)
        customer = customers.ensure(nobody)
        assert theirs(local_stripe) == [customer.pk]

    def test_an_address_that_stripe_refuses_is_left_out(self, local_stripe: LocalStripe) -> None:
        """The payment page asks for one; until then nobody is kept from buying."""
        odd = User.objects.create_user("odd", "someone@two@places")
        customer = customers.ensure(odd)
        assert (theirs(local_stripe), customer.email) == ([customer.pk], "")

    def test_two_people_with_one_address_are_two_customers(self, person: User, local_stripe: LocalStripe) -> None:
        other = User.objects.create_user("ada2", person.email)
        assert customers.ensure(person).pk != customers.ensure(other).pk

    def test_without_an_address(self, local_stripe: LocalStripe) -> None:
        nobody = User.objects.create_user("nobody")
        assert customers.ensure(nobody).email == ""

    def test_after_deletion_at_stripe_another_is_made(
        self, client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        first = customers.ensure(person)
        local_stripe.api.customers.delete(first.pk)
        deliver(client, local_stripe.events("customer.deleted")[0])
        second = customers.ensure(person)
        assert second.pk != first.pk
        assert BillingAccount.objects.get().customer_id == second.pk

    def test_an_erased_person_gets_another(self, person: User, local_stripe: LocalStripe) -> None:
        first = customers.ensure(person)
        erasing.mark_erased(first.pk, reason="test", now=timezone.now())
        second = customers.ensure(person)
        assert second.pk != first.pk
        assert list(ErasedCustomer.objects.values_list("pk", flat=True)) == [first.pk]


class TestAtOnce:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.needs_server("threads write at once")
    def test_many_at_a_time_make_one(self, person: User, local_stripe: LocalStripe) -> None:
        found: list[str] = []

        def ensure() -> None:
            try:
                found.append(customers.ensure(User.objects.get(pk=person.pk)).pk)
            finally:
                connection.close()

        threads = [threading.Thread(target=ensure) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 6
        assert theirs(local_stripe) == [*set(found)]

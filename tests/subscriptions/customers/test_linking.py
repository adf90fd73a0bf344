"""Purchases made elsewhere with a person's address: theirs once the address is confirmed, and nobody else's."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions import access
from subscriptions.customers import confirming, linking
from subscriptions.customers import services as customers
from subscriptions.customers.linking import CannotLink
from subscriptions.models import (
    BillingAccount,
    ConfirmedAddress,
    Customer,
    LinkedCustomer,
    Payment,
    Subscription,
    SyncState,
)
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import buy, settle, sync_now
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_mail_counted() -> None:
    cache.clear()


def made_in_dashboard(local_stripe: LocalStripe, price: Price, email: str = "ada@example.com") -> str:
    """A customer of the dashboard's with a subscription; returns its id."""
    made = local_stripe.api.customers.create({"email": email})
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": made.id})
    items = {"customer": made.id, "items": [{"price": price.pk}], "default_payment_method": method.id}
    local_stripe.api.subscriptions.create(items)  # type: ignore[arg-type]
    return str(made.id)


@pytest.fixture
def elsewhere(price: Price, local_stripe: LocalStripe) -> str:
    customer_id = made_in_dashboard(local_stripe, price)
    settle()
    local_stripe.forget_calls()
    return customer_id


def link_in_mail() -> str:
    found = re.search(r"(/account/address/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


class TestConfirming:
    def test_adds_what_was_bought(
        self, client: Client, person: User, elsewhere: str, price: Price, local_stripe: LocalStripe
    ) -> None:
        client.force_login(person)
        assert not access.has_access(person, price.product_id)
        assert "We have purchases made with ada@example.com" in words(client.get("/account/").content.decode())
        assert client.post("/account/address/").status_code == 303
        assert [message.to for message in mail.outbox] == [["ada@example.com"]]
        assert (LinkedCustomer.objects.count(), access.has_access(person, price.product_id)) == (0, False)
        page = client.get(link_in_mail()).content.decode()
        assert "Confirm ada@example.com" in words(page)
        assert ConfirmedAddress.objects.count() == 0
        assert client.post(link_in_mail()).status_code == 303
        assert ConfirmedAddress.objects.get().email == "ada@example.com"
        assert access.has_access(person, price.product_id)
        # Nothing was bought with the customer that signing in made, so new purchases are made with the other.
        assert BillingAccount.objects.get().customer_id == elsewhere
        page = words(client.get("/account/").content.decode())
        assert ("Pro" in page, "We have purchases" in page) == (True, False)
        assert buy(person, price).held == Subscription.objects.get()

    def test_comes_back_to_who_signs_up_again(
        self, client: Client, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        person.delete()
        form = {"username": "ada2", "email": "ada@example.com"}
        client.post("/accounts/signup/", {**form, "password1": "blue-heron-42", "password2": "blue-heron-42"})
        again = User.objects.get(username="ada2")
        assert not access.has_access(again)
        client.post("/account/address/")
        client.post(link_in_mail())
        assert access.has_access(again)
        assert BillingAccount.objects.get().customer_id == subscription.customer_id

    def test_who_bought_here_too_has_two_customers(
        self, client: Client, person: User, new_subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        other = made_in_dashboard(local_stripe, team)
        sync_now()
        confirming.confirm(user=person, token=confirming.token_for(person), now=timezone.now())
        assert linking.link_confirmed(user=person, now=timezone.now()) == [other]
        assert BillingAccount.objects.get().customer_id == new_subscription.customer_id
        assert BillingAccount.objects.customer_ids_of(person) == [new_subscription.customer_id, other]
        assert len(access.holdings_of(person).subscriptions) == 2
        assert buy(person, team).held is not None
        assert linking.link_confirmed(user=person, now=timezone.now()) == []

    @pytest.mark.parametrize("other", ["another address", "another person", "expired", "changed"])
    def test_refuses_every_other_link(  # noqa: PLR0917  (fixtures)
        self, client: Client, person: User, staff: User, elsewhere: str, monkeypatch: pytest.MonkeyPatch, other: str
    ) -> None:
        token = confirming.token_for(staff if other == "another person" else person)
        if other == "another address":
            person.email = "eve@example.com"
            person.save()
        if other == "expired":
            monkeypatch.setattr(confirming, "LASTS", timedelta(seconds=-1))
        client.force_login(person)
        path = f"/account/address/{token}{'x' if other == 'changed' else ''}/"
        for response in (client.get(path), client.post(path)):
            assert (response.status_code, "This link has expired" in response.content.decode()) == (400, True)
        assert (ConfirmedAddress.objects.count(), LinkedCustomer.objects.count()) == (0, 0)

    def test_is_for_who_is_signed_in(self, client: Client, person: User) -> None:
        path = f"/account/address/{confirming.token_for(person)}/"
        for response in (client.get(path), client.post(path), client.post("/account/address/")):
            assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/accounts/login/")
        assert (ConfirmedAddress.objects.count(), mail.outbox) == (0, [])

    def test_mails_once_a_minute(self, customer_client: Client) -> None:
        for _ in range(3):
            customer_client.post("/account/address/")
        assert len(mail.outbox) == 1

    def test_can_be_repeated_when_stripe_was_away(
        self, customer_client: Client, person: User, elsewhere: str, local_stripe: LocalStripe
    ) -> None:
        path = f"/account/address/{confirming.token_for(person)}/"
        local_stripe.control("faults", status="timeout", count=3)
        assert customer_client.post(path).status_code == 503
        assert LinkedCustomer.objects.count() == 0
        assert customer_client.post(path).status_code == 303
        assert LinkedCustomer.objects.filter(pk=elsewhere).exists()


class TestLinking:
    def test_never_takes_anothers_customer(self, person: User, staff: User, local_stripe: LocalStripe) -> None:
        theirs = customers.ensure(staff)
        local_stripe.api.customers.update(theirs.pk, {"email": "ada@example.com"})
        confirming.confirm(user=person, token=confirming.token_for(person), now=timezone.now())
        assert linking.link_confirmed(user=person, now=timezone.now()) == []
        with pytest.raises(CannotLink, match=f"{theirs.pk} belongs to somebody else here"):
            linking.link(customer=theirs, user=person, now=timezone.now())
        assert LinkedCustomer.objects.count() == 0

    def test_never_takes_what_another_was_linked_to(self, person: User, staff: User, elsewhere: str) -> None:
        customer = Customer.objects.get(pk=elsewhere)
        linking.link(customer=customer, user=staff, now=timezone.now())
        with pytest.raises(CannotLink):
            linking.link(customer=customer, user=person, now=timezone.now())
        assert LinkedCustomer.objects.get().account.user == staff

    def test_adds_nothing_before_the_address_is_confirmed(self, person: User, elsewhere: str) -> None:
        assert linking.link_confirmed(user=person, now=timezone.now()) == []
        assert LinkedCustomer.objects.count() == 0

    def test_leaves_a_deleted_customer(self, person: User, elsewhere: str, local_stripe: LocalStripe) -> None:
        local_stripe.api.customers.delete(elsewhere)
        sync_now()
        with pytest.raises(CannotLink, match="was deleted at Stripe"):
            linking.link(customer=Customer.objects.get(pk=elsewhere), user=person, now=timezone.now())


class TestOneTimePurchases:
    def pay(self, local_stripe: LocalStripe, customer_id: str, price: Price, *, method: str = "") -> str:
        """Pay a session made in the dashboard; returns its id."""
        made = local_stripe.api.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": customer_id,
                "line_items": [{"price": price.pk, "quantity": 2}],
                "success_url": "https://example.com/",
            }
        )
        local_stripe.pay(made.id, **({"method": method} if method else {}))
        return str(made.id)

    @pytest.mark.parametrize("by", ["webhook", "full sync"])
    @pytest.mark.parametrize(
        ("outcome", "status", "gives_access"),
        [("succeed", "succeeded", True), ("fail", "requires_payment_method", False)],
    )
    def test_by_a_debit_count_when_it_arrives(
        self,
        client: Client,
        person: User,
        elsewhere: str,
        one_time_price: Price,
        local_stripe: LocalStripe,
        *,
        by: str,
        outcome: str,
        status: str,
        gives_access: bool,
    ) -> None:
        session_id = self.pay(local_stripe, elsewhere, one_time_price, method="us_bank_account")
        linking.link(customer=Customer.objects.get(pk=elsewhere), user=person, now=timezone.now())
        held = buy(person, one_time_price).held
        assert isinstance(held, Payment)
        assert (held.awaits, held.status, held.gives_access) == ("debit", "processing", False)
        sync_now()
        local_stripe.control(f"checkout/{session_id}/settle", outcome=outcome)
        if by == "webhook":
            for event in local_stripe.events(
                "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed"
            ):
                assert deliver(client, event).status_code == 200
        else:
            # Their events were missed.
            SyncState.objects.update(watermark=timezone.now() + timedelta(minutes=5))
            sync_run, _ = sync_now(full=True)
            assert (sync_run.failed_objects, sync_run.is_complete) == (0, True)
        payment = Payment.objects.get()
        assert (payment.awaits, payment.status, payment.amount) == ("", status, 9800)
        assert access.has_access(person, one_time_price.product_id) is gives_access
        # Money that never came bars no other purchase.
        assert bool(buy(person, one_time_price).held) is gives_access

    def test_made_before_the_link_count(
        self, person: User, elsewhere: str, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        self.pay(local_stripe, elsewhere, one_time_price)
        sync_now()
        assert Payment.objects.count() == 0
        linking.link(customer=Customer.objects.get(pk=elsewhere), user=person, now=timezone.now())
        payment = Payment.objects.get()
        assert (payment.amount, payment.quantity, payment.status) == (9800, 2, "succeeded")
        assert access.has_access(person, one_time_price.product_id)
        assert buy(person, one_time_price).held == payment

    @pytest.mark.parametrize("by", ["webhook", "sync"])
    def test_made_after_the_link_count_once(  # noqa: PLR0917  (fixtures)
        self,
        client: Client,
        person: User,
        elsewhere: str,
        one_time_price: Price,
        local_stripe: LocalStripe,
        by: str,
    ) -> None:
        linking.link(customer=Customer.objects.get(pk=elsewhere), user=person, now=timezone.now())
        self.pay(local_stripe, elsewhere, one_time_price)
        if by == "webhook":
            for event in local_stripe.events("checkout.session.completed") * 2:
                assert deliver(client, event).status_code == 200
        sync_now()
        assert Payment.objects.get().product_id == one_time_price.product_id
        assert access.has_access(person, one_time_price.product_id)

    def test_of_nobody_here_do_not(self, elsewhere: str, one_time_price: Price, local_stripe: LocalStripe) -> None:
        self.pay(local_stripe, elsewhere, one_time_price)
        sync_now()
        assert Payment.objects.count() == 0

"""Erasing a person: nothing of them is left, at Stripe or here, and nothing brings them back."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from subscriptions.models import (
    CheckoutSession,
    Customer,
    ErasedCustomer,
    Invoice,
    StatusChange,
    Subscription,
    WebhookEvent,
)
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer_id(paid_session: CheckoutSession, client: Client, local_stripe: LocalStripe) -> str:
    """The id of ada's customer, who has subscribed."""
    for event in local_stripe.events():
        deliver(client, event)
    settle()
    return Customer.objects.get().pk


class TestEraseCustomer:
    @pytest.mark.parametrize("by", ["name", "id"])
    def test_leaves_the_id_and_nothing_else(self, customer_id: str, local_stripe: LocalStripe, by: str) -> None:
        call_command("erase_customer", "ada" if by == "name" else customer_id, "--no-input")
        for model in (Customer, Subscription, Invoice, StatusChange, CheckoutSession):
            assert model._default_manager.count() == 0
        assert not User.objects.filter(username="ada").exists()
        assert ErasedCustomer.objects.get().pk == customer_id
        assert getattr(local_stripe.api.customers.retrieve(customer_id), "deleted", False) is True
        assert [theirs.status for theirs in local_stripe.api.subscriptions.list({"status": "all"}).data] == [
            "canceled"
        ]

    def test_forgets_what_the_inbox_knew(self, customer_id: str) -> None:
        call_command("erase_customer", customer_id, "--no-input")
        assert not any("ada@example.com" in str(entry.payload) for entry in WebhookEvent.objects.all())

    def test_nothing_brings_them_back(self, client: Client, customer_id: str, local_stripe: LocalStripe) -> None:
        events = local_stripe.events()
        call_command("erase_customer", customer_id, "--no-input")
        for event in events + local_stripe.events("customer.deleted", "customer.subscription.deleted"):
            assert deliver(client, {**event, "id": event["id"] + "_late"}).status_code == 200
        sync_now(full=True)
        assert (Customer.objects.count(), Subscription.objects.count()) == (0, 0)
        assert not any("ada@example.com" in str(entry.payload) for entry in WebhookEvent.objects.all())

    def test_stripe_down_erases_nothing_and_can_be_tried_again(
        self, customer_id: str, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=3)
        with pytest.raises(CommandError, match="not erased"):
            call_command("erase_customer", "ada", "--no-input")
        assert (Customer.objects.count(), User.objects.filter(username="ada").count()) == (1, 1)
        call_command("erase_customer", "ada", "--no-input")
        assert Customer.objects.count() == 0

    def test_asks_first(self, customer_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("builtins.input", lambda _: "no")
        with pytest.raises(CommandError, match="nothing was erased"):
            call_command("erase_customer", "ada")
        assert Customer.objects.count() == 1

    @pytest.mark.parametrize(
        ("who", "words"), [("nobody", "there is no user nobody"), ("cus_1", "there is no customer cus_1")]
    )
    def test_who_is_not_here(self, db: None, local_stripe: LocalStripe, who: str, words: str) -> None:
        with pytest.raises(CommandError, match=words):
            call_command("erase_customer", who, "--no-input")
        assert local_stripe.calls == []

    def test_somebody_who_never_was_at_stripe(self, person: User, local_stripe: LocalStripe) -> None:
        call_command("erase_customer", "ada", "--no-input")
        assert (User.objects.count(), local_stripe.calls) == (0, [])

"""A subscription whose first payment failed: everybody is told so, and its buyer can buy again, once."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Payment, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.checkout.test_awaited_payments import end, order, page, sell
from tests.subscriptions.conftest import Meanwhile, settle, sync_now
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(customer_client: Client, person: User, local_stripe: LocalStripe) -> Subscription:
    """Ada's order of Atlas by the month, whose first debit failed."""
    settle()
    session_id = order(local_stripe, person, sell("usd", "month"), "us_bank_account")
    sync_now()
    end(local_stripe, session_id, "fail")
    sync_now()
    local_stripe.forget_calls()
    return Subscription.objects.get()


def start(client: Client, price: Price) -> Any:
    return client.post("/api/session", json.dumps({"price_id": price.pk}), content_type="application/json")


class TestWhatIsSaid:
    @pytest.mark.parametrize("path", ["/", "/buy/{}/"])
    def test_where_it_is_sold(
        self, customer_client: Client, failed: Subscription, local_stripe: LocalStripe, path: str
    ) -> None:
        at = path.format(failed.price_id)
        shown = page(customer_client, at)
        assert "Waiting for payment" not in shown
        assert "Your last payment did not go through, so nothing was charged" in shown
        steps = reading.steps(customer_client.get(at).content.decode())
        assert [step.address for step in steps if "Subscribe" in step.label] == [f"/buy/{failed.price_id}/"]
        assert local_stripe.calls == []

    @pytest.mark.parametrize("path", ["/", "/buy/{}/"])
    def test_of_one_that_was_never_slow(
        self, customer_client: Client, customer: Customer, price: Price, path: str
    ) -> None:
        """One made in the dashboard whose first payment has to be confirmed."""
        subscribe(customer, price, status="incomplete")
        shown = page(customer_client, path.format(price.pk))
        assert "Waiting for payment" not in shown
        assert "First payment pending" in shown


class TestBuyingAgain:
    def test_ends_what_failed_and_starts_a_new_checkout(
        self, customer_client: Client, failed: Subscription, local_stripe: LocalStripe
    ) -> None:
        response = customer_client.post(f"/buy/{failed.price_id}/")
        assert response.status_code == 303
        assert local_stripe.api.subscriptions.retrieve(failed.pk).status in {"incomplete_expired", "canceled"}
        invoice = local_stripe.api.invoices.retrieve(str(failed.latest_invoice_id))
        assert invoice.status == "void"
        failed.refresh_from_db()
        assert failed.has_ended

    def test_by_the_api(self, customer_client: Client, failed: Subscription, local_stripe: LocalStripe) -> None:
        price = Price.objects.get()
        answer = start(customer_client, price)
        assert (answer.status_code, answer.json()["subscription_id"]) == (201, None)
        local_stripe.pay(answer.json()["session_id"])
        settle()
        running = Subscription.objects.running().get()
        assert (running.status, running.pk != failed.pk) == ("active", True)
        assert start(customer_client, price).status_code == 409

    def test_pays_once_if_the_invoice_was_paid_meanwhile(
        self, customer_client: Client, failed: Subscription, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        def pay() -> None:
            method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": str(failed.customer_id)})
            local_stripe.api.invoices.pay(str(failed.latest_invoice_id), {"payment_method": method.id})

        meanwhile.before("POST /v1/invoices/", pay)
        answer = start(customer_client, Price.objects.get())
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_held")
        assert answer.json()["error"]["message"] == "You have this product already. Nothing was charged."
        failed.refresh_from_db()
        assert failed.status == "active"

    def test_is_not_started_while_stripe_is_away(
        self, customer_client: Client, failed: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=5)
        assert start(customer_client, Price.objects.get()).status_code == 503
        failed.refresh_from_db()
        assert failed.status == "incomplete"


class TestAOneTimeOrder:
    def test_that_failed_is_told_where_it_is_sold(
        self, customer_client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        settle()
        price = sell("usd", "one_time")
        session_id = order(local_stripe, person, price, "us_bank_account")
        sync_now()
        end(local_stripe, session_id, "fail")
        sync_now()
        assert Payment.objects.get().has_failed
        steps = reading.steps(customer_client.get(f"/buy/{price.pk}/").content.decode())
        assert [step.address for step in steps if "Buy" in step.label] == [f"/buy/{price.pk}/"]
        assert start(customer_client, price).status_code == 201


class TestChangingToIt:
    def test_ends_what_failed_and_changes(
        self,
        customer_client: Client,
        failed: Subscription,
        customer: Customer,
        price: Price,
        local_stripe: LocalStripe,
    ) -> None:
        started = start(customer_client, price).json()
        local_stripe.pay(started["session_id"])
        settle()
        running = Subscription.objects.get(status="active")
        assert "Atlas" in page(customer_client, f"/subscriptions/{running.pk}/change/")
        asked = {"price_id": failed.price_id, "subscription_id": running.pk}
        answer = customer_client.post("/api/updatesub", json.dumps(asked), content_type="application/json")
        assert (answer.status_code, answer.json()["prod_name"]) == (200, "Atlas")
        failed.refresh_from_db()
        assert failed.has_ended
        assert local_stripe.api.invoices.retrieve(str(failed.latest_invoice_id)).status == "void"


class TestCancellingIt:
    def test_leaves_nothing_to_pay(
        self, customer_client: Client, failed: Subscription, local_stripe: LocalStripe
    ) -> None:
        asked = json.dumps({"subscription_id": failed.pk})
        answer = customer_client.post("/api/cancel", asked, content_type="application/json")
        assert (answer.status_code, answer.json()["gives_access"]) == (200, False)
        assert local_stripe.api.invoices.retrieve(str(failed.latest_invoice_id)).status == "void"
        failed.refresh_from_db()
        assert failed.has_ended

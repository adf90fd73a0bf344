"""Debits and vouchers: paid days later or never, once, and everybody reads what is awaited."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions import access
from subscriptions.models import CheckoutSession, Customer, Payment, ProductClaim, Subscription
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions import reading
from tests.subscriptions.conftest import DAY, buy, settle, sync_now
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db

User = get_user_model()

# The method, its currency, and how our page begins to say what is awaited.
ONCE = [
    pytest.param("us_bank_account", "usd", "waiting for your bank to send the payment.", id="us_bank_account"),
    pytest.param("sepa_debit", "eur", "waiting for your bank to send the payment.", id="sepa_debit"),
    pytest.param("oxxo", "mxn", "waiting for the payment of your voucher. Please pay it by", id="oxxo"),
    pytest.param("konbini", "jpy", "waiting for the payment of your voucher. Please pay it by", id="konbini"),
    pytest.param("boleto", "brl", "waiting for the payment of your voucher. Please pay it by", id="boleto"),
]
MONTHLY = [ONCE[0], ONCE[1]]


def sell(currency: str, interval: str) -> Price:
    terms = PriceTerms(unit_amount=4900, currency=currency, interval=interval)
    return catalog.create_product(name="Atlas", price=terms, request_id="atlas").price


def order(local_stripe: LocalStripe, person: User, price: Price, method: str) -> str:
    """Order it at Stripe, to be paid by a slow method; return the session's id."""
    session = buy(person, price).session
    assert session is not None
    local_stripe.pay(session.stripe_id, method=method)
    local_stripe.forget_calls()
    return str(session.stripe_id)


def end(local_stripe: LocalStripe, session_id: str, outcome: str) -> None:
    local_stripe.control(f"checkout/{session_id}/settle", outcome=outcome)


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return words(response.content.decode())


def deliver_new(client: Client, local_stripe: LocalStripe, *types: str) -> None:
    for event in local_stripe.events(*types):
        assert deliver(client, event).status_code == 200


class TestAPurchase:
    @pytest.mark.parametrize(("method", "currency", "said"), ONCE)
    def test_bars_another_until_it_is_paid(
        self,
        customer_client: Client,
        person: User,
        local_stripe: LocalStripe,
        *,
        method: str,
        currency: str,
        said: str,
    ) -> None:
        price = sell(currency, "one_time")
        session_id = order(local_stripe, person, price, method)
        success = customer_client.get(f"/checkout/success/?session_id={session_id}").content.decode()
        assert "Thank you for your order" in success
        assert said in words(success)
        assert "http-equiv" not in success
        assert said in page(customer_client, "/account/")
        assert "Waiting for payment" in page(customer_client, "/")
        local_stripe.forget_calls()
        response = customer_client.post(f"/buy/{price.pk}/", follow=True)
        assert "we&#x27;re waiting for your payment. You need not pay again." in response.content.decode()
        assert local_stripe.calls == []
        assert not access.has_access(person, str(price.product_id))
        end(local_stripe, session_id, "succeed")
        settle()
        assert access.has_access(person, str(price.product_id))
        assert said not in page(customer_client, "/account/")
        assert ProductClaim.objects.count() == 0

    @pytest.mark.parametrize(("method", "currency", "said"), [ONCE[0], ONCE[2]])
    def test_that_fails_is_told_and_can_be_made_again(
        self,
        customer_client: Client,
        person: User,
        local_stripe: LocalStripe,
        *,
        method: str,
        currency: str,
        said: str,
    ) -> None:
        """By the sync alone, which lists the event."""
        settle()
        price = sell(currency, "one_time")
        session_id = order(local_stripe, person, price, method)
        sync_now()
        assert said in page(customer_client, "/account/")
        end(local_stripe, session_id, "fail")
        sync_now()
        account = page(customer_client, "/account/")
        assert said not in account
        assert "The payment did not go through, so nothing was charged." in account
        success = customer_client.get(f"/checkout/success/?session_id={session_id}").content.decode()
        assert "The payment did not go through" in success
        assert "http-equiv" not in success
        assert ProductClaim.objects.count() == 0
        assert buy(person, price).url

    def test_a_voucher_that_expires_by_itself_frees_the_product(
        self, customer_client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.customers.update(customer_of(person).pk, {"email": "fill_never@example.com"})
        price = sell("mxn", "one_time")
        settle()
        order(local_stripe, person, price, "oxxo")
        sync_now()
        held = buy(person, price).held
        assert isinstance(held, Payment)
        assert held.pay_by_at is not None
        assert held.pay_url.startswith("http")
        local_stripe.control("clock", advance=5 * DAY)
        sync_now()
        assert not Payment.objects.get().is_awaited
        assert Payment.objects.standing().count() == 0
        assert buy(person, price).url

    def test_is_known_by_webhooks_without_the_success_page(
        self, customer_client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        price = sell("mxn", "one_time")
        session_id = order(local_stripe, person, price, "oxxo")
        deliver_new(customer_client, local_stripe, "checkout.session.completed")
        account = page(customer_client, "/account/")
        assert "waiting for the payment of your voucher." in account
        assert " Waiting for payment " in account
        assert "Waiting for the bank" not in account
        end(local_stripe, session_id, "succeed")
        deliver_new(customer_client, local_stripe, "checkout.session.async_payment_succeeded")
        assert Payment.objects.get().status == "succeeded"

    def test_is_found_by_a_full_sync_when_every_event_was_lost(
        self, person: User, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        price = sell("usd", "one_time")
        session_id = order(local_stripe, person, price, "us_bank_account")
        sync_now()
        end(local_stripe, session_id, "fail")
        sync_now(full=True)
        assert Payment.objects.get().has_failed

    def test_the_api_says_what_is_awaited(
        self, customer_client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        price = sell("mxn", "one_time")
        session_id = order(local_stripe, person, price, "oxxo")
        answer = customer_client.post(
            "/api/getsubs", json.dumps({"session_id": session_id}), content_type="application/json"
        )
        paid = answer.json()["payments"][0]
        assert (paid["status"], paid["gives_access"], paid["awaits"]) == ("requires_action", False, "voucher")
        assert paid["pay_by"] is not None
        again = customer_client.post(
            "/api/session", json.dumps({"price_id": price.pk}), content_type="application/json"
        )
        assert again.status_code == 409
        assert "its payment is awaited" in again.json()["error"]["message"]

    def test_is_not_ended_while_the_bank_sends_the_payment(
        self, customer_client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        """It would be charged for nothing, and could be bought a second time meanwhile."""
        price = sell("usd", "one_time")
        session_id = order(local_stripe, person, price, "us_bank_account")
        assert customer_client.get(f"/checkout/success/?session_id={session_id}").status_code == 200
        asked = json.dumps({"price_id": price.pk})
        response = customer_client.post("/api/cancel", asked, content_type="application/json")
        assert (response.status_code, response.json()["error"]["code"]) == (400, "not_possible")
        assert Payment.objects.get().access_ended_at is None


class TestASubscription:
    @pytest.mark.parametrize(("method", "currency", "said"), MONTHLY)
    def test_bars_another_until_it_is_paid(
        self,
        customer_client: Client,
        person: User,
        local_stripe: LocalStripe,
        *,
        method: str,
        currency: str,
        said: str,
    ) -> None:
        price = sell(currency, "month")
        session_id = order(local_stripe, person, price, method)
        success = customer_client.get(f"/checkout/success/?session_id={session_id}").content.decode()
        assert "Thank you for your order" in success
        assert said in words(success)
        assert "http-equiv" not in success
        account = page(customer_client, "/account/")
        assert said in account
        # Its invoice is open, and paying it as well would be paying twice.
        assert "Complete the payment" not in account
        settle()
        invoice = words(reading.section(customer_client.get("/account/").content.decode(), "invoices"))
        assert "Your payment is on its way." in invoice
        assert " Processing " in invoice
        assert "To be paid" not in invoice
        assert " Pay " not in f" {invoice} "
        response = customer_client.post(f"/buy/{price.pk}/", follow=True)
        assert "we&#x27;re waiting for your payment. You need not pay again." in response.content.decode()
        assert not access.has_access(person, str(price.product_id))
        end(local_stripe, session_id, "succeed")
        settle()
        assert access.has_access(person, str(price.product_id))
        assert said not in page(customer_client, "/account/")

    @pytest.mark.parametrize("when", ["now", "period_end"])
    def test_is_not_cancelled_while_the_bank_sends_the_payment(
        self, customer_client: Client, person: User, local_stripe: LocalStripe, when: str
    ) -> None:
        """It would be charged for nothing, and could be bought a second time meanwhile."""
        session_id = order(local_stripe, person, sell("usd", "month"), "us_bank_account")
        assert customer_client.get(f"/checkout/success/?session_id={session_id}").status_code == 200
        subscription = Subscription.objects.get()
        path = f"/subscriptions/{subscription.pk}/cancel/"
        assert "be stopped any more. You can cancel once it has arrived" in page(customer_client, path)
        response = customer_client.post(path, {"when": when})
        assert (response.status_code, b"stopped any more" in response.content) == (400, True)
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).status == "incomplete"
        end(local_stripe, session_id, "succeed")
        assert customer_client.post(path, {"when": when}).status_code == 302
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).status == (
            "canceled" if when == "now" else "active"
        )

    def test_that_fails_is_told(self, customer_client: Client, person: User, local_stripe: LocalStripe) -> None:
        settle()
        price = sell("usd", "month")
        session_id = order(local_stripe, person, price, "us_bank_account")
        sync_now()
        assert "waiting for your bank" in page(customer_client, "/account/")
        end(local_stripe, session_id, "fail")
        sync_now()
        account = page(customer_client, "/account/")
        assert "waiting for your bank" not in account
        assert "The first payment did not go through, so nothing was charged." in account
        assert "Complete the payment" in account
        answer = customer_client.post("/api/getsubs", "{}", content_type="application/json").json()
        held = answer["subscriptions"][0]
        assert (held["status"], held["gives_access"], held["awaits"]) == ("incomplete", False, "failed")

    def test_that_fails_frees_the_product_when_it_expires(
        self, person: User, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        settle()
        price = sell("usd", "month")
        session_id = order(local_stripe, person, price, "us_bank_account")
        sync_now()
        assert isinstance(buy(person, price).held, Subscription)
        end(local_stripe, session_id, "fail")
        local_stripe.control("clock", advance=2 * DAY)
        sync_now()
        assert Subscription.objects.get().status == "incomplete_expired"
        assert buy(person, price).url

    def test_is_read_again_by_a_full_sync(self, person: User, customer: Customer, local_stripe: LocalStripe) -> None:
        price = sell("usd", "month")
        session_id = order(local_stripe, person, price, "us_bank_account")
        settle()
        assert CheckoutSession.objects.get().awaits == "debit"
        end(local_stripe, session_id, "fail")
        sync_now(full=True)
        assert CheckoutSession.objects.get().awaits == "failed"


def customer_of(person: User) -> Customer:
    return Customer.objects.get(account__user=person)


class TestStanding:
    @pytest.mark.parametrize("awaits", ["", "debit", "voucher", "transfer", "confirmation", "failed"])
    @pytest.mark.parametrize("status", Payment.Status.values)
    def test_the_query_and_the_properties_agree(self, db: None, status: str, awaits: str) -> None:
        Payment.objects.create(amount=1, currency="usd", status=status, awaits=awaits)
        made = Payment.objects.get()
        assert Payment.objects.standing().exists() == (status in Payment.STANDING or made.is_awaited)

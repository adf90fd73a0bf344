"""Buying, over the pages: one claim, one session, one subscription, whatever is clicked or lost."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import BillingAccount, CheckoutSession, Payment, ProductClaim, StatusChange, Subscription
from tests.fixtures import LocalStripe, deliver
from tests.wording import starting

pytestmark = pytest.mark.django_db

CREATE_SESSION = "POST /v1/checkout/sessions"


def buy(client: Client, price: Price) -> str:
    """Click Buy and return the page at Stripe that it leads to."""
    response = client.post(f"/buy/{price.pk}/")
    assert response.status_code == 303, response.content
    return str(response["Location"])


def the_session() -> CheckoutSession:
    return CheckoutSession.objects.get()


def bought(client: Client, local_stripe: LocalStripe, price: Price) -> CheckoutSession:
    """Buy, pay and come back to the success page."""
    buy(client, price)
    session = CheckoutSession.objects.get(status="open")
    local_stripe.pay(session.stripe_id)
    assert client.get(f"/checkout/success/?session_id={session.stripe_id}").status_code == 200
    session.refresh_from_db()
    return session


class TestBuy:
    def test_leads_to_the_hosted_page(self, customer_client: Client, price: Price, local_stripe: LocalStripe) -> None:
        url = buy(customer_client, price)
        session = the_session()
        assert url == session.url
        assert (session.status, session.mode, session.price_id, session.quantity) == (
            "open",
            "subscription",
            price.pk,
            1,
        )
        theirs = local_stripe.api.checkout.sessions.retrieve(str(session.stripe_id))
        assert theirs.client_reference_id == str(User.objects.get(username="ada").pk)
        assert theirs.customer == session.customer_id
        assert theirs.success_url == "http://127.0.0.1:8000/checkout/success/?session_id={CHECKOUT_SESSION_ID}"

    @pytest.mark.parametrize(
        ("page", "address"),
        [
            ("/thanks", "/thanks?session_id={CHECKOUT_SESSION_ID}"),
            ("/thanks/", "/thanks/?session_id={CHECKOUT_SESSION_ID}"),
            ("/?paid=yes", "/?paid=yes&session_id={CHECKOUT_SESSION_ID}"),
            ("/#/thanks", "/?session_id={CHECKOUT_SESSION_ID}#/thanks"),
        ],
    )
    def test_leads_back_to_a_front_end_with_pages_of_its_own(
        self,
        customer_client: Client,
        price: Price,
        local_stripe: LocalStripe,
        settings: Any,
        *,
        page: str,
        address: str,
    ) -> None:
        settings.CHECKOUT_SUCCESS_URL = f"https://shop.example.com{page}"
        settings.CHECKOUT_CANCEL_URL = "https://shop.example.com/?canceled=true"
        buy(customer_client, price)
        theirs = local_stripe.api.checkout.sessions.retrieve(str(the_session().stripe_id))
        assert theirs.success_url == f"https://shop.example.com{address}"
        assert theirs.cancel_url == "https://shop.example.com/?canceled=true"

    def test_makes_one_call_when_the_customer_exists(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        customer_client.get("/")
        local_stripe.forget_calls()
        buy(customer_client, price)
        assert local_stripe.calls == [CREATE_SESSION]

    def test_clicked_twice_is_one_session(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        assert buy(customer_client, price) == buy(customer_client, price)
        assert len(local_stripe.api.checkout.sessions.list().data) == 1
        assert local_stripe.calls.count(CREATE_SESSION) == 1

    def test_a_lost_answer_is_made_up_for_by_the_next_click(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="reset", count=3, path="/v1/checkout/sessions", after=True)
        response = customer_client.post(f"/buy/{price.pk}/")
        assert response.status_code == 503
        assert the_session().status == "claimed"
        buy(customer_client, price)
        assert len(local_stripe.api.checkout.sessions.list().data) == 1

    def test_a_stored_500_is_not_asked_for_again(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=500, count=1, path="/v1/checkout/sessions")
        assert customer_client.post(f"/buy/{price.pk}/").status_code == 503
        buy(customer_client, price)
        assert sorted(CheckoutSession.objects.values_list("status", flat=True)) == ["claimed", "open"]
        assert len(local_stripe.api.checkout.sessions.list().data) == 1

    def test_another_price_of_the_product_replaces_the_open_session(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        yearly = catalog.add_price(
            product=price.product,
            terms=PriceTerms(unit_amount=19000, currency="usd", interval="year"),
            request_id="yearly",
        )
        first = buy(customer_client, price)
        second = buy(customer_client, yearly)
        assert first != second
        by_status = {session.status: session.price_id for session in CheckoutSession.objects.all()}
        assert by_status == {"expired": price.pk, "open": yearly.pk}
        assert sorted(s.status for s in local_stripe.api.checkout.sessions.list().data) == ["expired", "open"]

    def test_a_session_paid_in_another_tab_leads_to_the_account(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        buy(customer_client, price)
        local_stripe.pay(the_session().stripe_id)
        response = customer_client.post(f"/buy/{price.pk}/")
        assert (response.status_code, response["Location"]) == (302, "/account/")
        assert Subscription.objects.get().status == "active"
        assert len(local_stripe.api.subscriptions.list().data) == 1

    def test_a_session_paid_in_another_tab_while_another_price_is_chosen(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        yearly = catalog.add_price(
            product=price.product,
            terms=PriceTerms(unit_amount=19000, currency="usd", interval="year"),
            request_id="yearly",
        )
        buy(customer_client, price)
        local_stripe.pay(the_session().stripe_id)
        response = customer_client.post(f"/buy/{yearly.pk}/")
        assert (response.status_code, response["Location"]) == (302, "/account/")
        assert [s.status for s in local_stripe.api.checkout.sessions.list().data] == ["complete"]

    def test_who_has_the_product_is_led_to_it(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        bought(customer_client, local_stripe, price)
        local_stripe.forget_calls()
        response = customer_client.post(f"/buy/{price.pk}/")
        assert (response.status_code, response["Location"]) == (302, "/account/")
        assert local_stripe.calls == []

    def test_an_ended_subscription_can_be_bought_again(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        bought(customer_client, local_stripe, price)
        local_stripe.api.subscriptions.cancel(Subscription.objects.get().pk)
        deliver(customer_client, local_stripe.events("customer.subscription.deleted")[0])
        bought(customer_client, local_stripe, price)
        assert sorted(Subscription.objects.values_list("status", flat=True)) == ["active", "canceled"]

    def test_a_customer_deleted_in_the_dashboard_is_made_anew(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        buy(customer_client, price)
        old = BillingAccount.objects.get().customer_id
        CheckoutSession.objects.all().delete()
        local_stripe.api.customers.delete(str(old))
        buy(customer_client, price)
        assert BillingAccount.objects.get().customer_id != old

    def test_a_trial_is_passed_on(self, customer_client: Client, local_stripe: LocalStripe, person: User) -> None:
        terms = PriceTerms(unit_amount=900, currency="usd", trial_days=14)
        with_trial = catalog.create_product(name="Basic", price=terms, request_id="trial").price
        bought(customer_client, local_stripe, with_trial)
        subscription = Subscription.objects.get()
        assert subscription.status == "trialing"
        assert subscription.trial_end_at is not None
        assert subscription.stripe_created_at is not None
        assert (subscription.trial_end_at - subscription.stripe_created_at).days == 14


class TestBadInput:
    @pytest.mark.parametrize("price_id", ["price_unknown", "x" * 300, "prod_1"])
    def test_unknown_price(self, customer_client: Client, local_stripe: LocalStripe, price_id: str) -> None:
        response = customer_client.post(f"/buy/{price_id}/")
        assert response.status_code == 400
        assert b"no longer available" in response.content
        assert (local_stripe.calls, CheckoutSession.objects.count()) == ([], 0)

    @pytest.mark.parametrize("path", ["/buy/%00/", "/buy/price_1%00/", "/checkout/success/?session_id=%00"])
    def test_a_null_byte(self, customer_client: Client, local_stripe: LocalStripe, path: str) -> None:
        assert customer_client.post(path).status_code == 400
        assert (local_stripe.calls, CheckoutSession.objects.count()) == ([], 0)

    def test_archived_price_says_so(self, customer_client: Client, price: Price, local_stripe: LocalStripe) -> None:
        catalog.archive_product(product=price.product)
        local_stripe.forget_calls()
        response = customer_client.post(f"/buy/{price.pk}/")
        assert response.status_code == 400
        assert b"no longer available" in response.content
        assert (local_stripe.calls, CheckoutSession.objects.count()) == ([], 0)

    def test_another_currency_than_that_of_what_one_has(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        bought(customer_client, local_stripe, price)
        yen = catalog.create_product(
            name="Studio", price=PriceTerms(unit_amount=4800, currency="jpy"), request_id="studio"
        ).price
        local_stripe.forget_calls()
        response = customer_client.post(f"/buy/{yen.pk}/")
        assert response.status_code == 400
        assert "billed in USD, and one in JPY" in response.content.decode()
        assert (local_stripe.calls, CheckoutSession.objects.count()) == ([], 1)

    def test_archived_in_the_dashboard_a_moment_ago(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        other = local_stripe.api.prices.create(
            {"product": str(price.product_id), "currency": "usd", "unit_amount": 1, "recurring": {"interval": "month"}}
        )
        local_stripe.api.products.update(str(price.product_id), {"default_price": other.id})
        local_stripe.api.prices.update(price.pk, {"active": False})
        response = customer_client.post(f"/buy/{price.pk}/")
        assert response.status_code == 400
        assert b"inactive" in response.content
        assert ProductClaim.objects.count() == 0

    def test_wrong_method(self, customer_client: Client, price: Price) -> None:
        response = customer_client.put(f"/buy/{price.pk}/")
        assert (response.status_code, response["Allow"]) == (405, "GET, POST")

    def test_without_a_csrf_token(self, person: User, price: Price, local_stripe: LocalStripe) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(person)
        assert strict.post(f"/buy/{price.pk}/").status_code == 403
        assert CheckoutSession.objects.count() == 0

    def test_stripe_down_offers_to_try_again(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=3)
        response = customer_client.post(f"/buy/{price.pk}/")
        assert response.status_code == 503
        assert f'action="/buy/{price.pk}/"'.encode() in response.content

    def test_wrong_key_names_the_setting_to_staff_only(
        self, client: Client, person: User, staff: User, price: Price, settings: object
    ) -> None:
        settings.STRIPE_KEY = "sk_live_not_for_the_sandbox"  # type: ignore[attr-defined]
        client.force_login(person)
        response = client.post(f"/buy/{price.pk}/")
        assert (response.status_code, b"STRIPE_KEY" in response.content) == (503, False)
        client.force_login(staff)
        response = client.post(f"/buy/{price.pk}/")
        assert (response.status_code, b"STRIPE_KEY" in response.content) == (503, True)


class TestSuccessPage:
    def test_is_right_before_any_webhook(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        buy(customer_client, price)
        session = the_session()
        local_stripe.pay(session.stripe_id)
        local_stripe.forget_calls()
        response = customer_client.get(f"/checkout/success/?session_id={session.stripe_id}")
        assert response.context["state"] == "paid"
        assert local_stripe.calls == [f"GET /v1/checkout/sessions/{session.stripe_id}"]
        subscription = Subscription.objects.get()
        assert (subscription.status, subscription.product_id) == ("active", price.product_id)

    def test_a_reload_and_late_webhooks_change_nothing(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        session = bought(customer_client, local_stripe, price)
        before = Subscription.objects.values("status", "current_period_end_at", "product_id", "customer_id").get()
        customer_client.get(f"/checkout/success/?session_id={session.stripe_id}")
        for event in local_stripe.events():
            assert deliver(customer_client, event).status_code == 200
        assert Subscription.objects.values(*before).get() == before
        assert StatusChange.objects.count() == 1

    def test_unpaid_says_so(self, customer_client: Client, price: Price) -> None:
        buy(customer_client, price)
        response = customer_client.get(f"/checkout/success/?session_id={the_session().stripe_id}")
        assert (response.status_code, response.context["state"]) == (200, "open")
        assert Subscription.objects.count() == 0

    def test_somebody_elses_session(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe, staff: User
    ) -> None:
        session = bought(customer_client, local_stripe, price)
        customer_client.force_login(staff)
        local_stripe.forget_calls()
        assert customer_client.get(f"/checkout/success/?session_id={session.stripe_id}").status_code == 404
        assert local_stripe.calls == []

    @pytest.mark.parametrize("session_id", ["", "cs_test_unknown", "x" * 5000])
    def test_unknown_session(self, customer_client: Client, local_stripe: LocalStripe, session_id: str) -> None:
        response = customer_client.get("/checkout/success/", {"session_id": session_id})
        assert response.status_code == 404
        assert local_stripe.calls == []

    def test_anonymous(self, client: Client) -> None:
        response = client.get("/checkout/success/?session_id=cs_1")
        assert response.status_code == 302
        assert response["Location"] == starting("/accounts/login/?next=")

    def test_stripe_down(self, customer_client: Client, price: Price, local_stripe: LocalStripe) -> None:
        buy(customer_client, price)
        local_stripe.control("faults", status=500, count=3)
        response = customer_client.get(f"/checkout/success/?session_id={the_session().stripe_id}")
        assert response.status_code == 503


class TestOneTimePurchase:
    def test_is_shown_and_not_sold_twice(
        self, customer_client: Client, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        session = bought(customer_client, local_stripe, one_time_price)
        payment = Payment.objects.get()
        assert (payment.pk, payment.status, payment.amount, payment.currency) == (session.pk, "succeeded", 4900, "usd")
        assert payment.payment_intent_id == session.payment_intent_id
        assert b"Handbook" in customer_client.get("/account/").content
        assert customer_client.post(f"/buy/{one_time_price.pk}/")["Location"] == "/account/"

    def test_its_webhooks_alone_bring_it(
        self, customer_client: Client, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        buy(customer_client, one_time_price)
        local_stripe.pay(the_session().stripe_id)
        local_stripe.forget_calls()
        for event in local_stripe.events("checkout.session.completed", "payment_intent.succeeded"):
            assert deliver(customer_client, event).status_code == 200
        assert Payment.objects.get().status == "succeeded"

    def test_one_that_can_be_bought_again(self, customer_client: Client, local_stripe: LocalStripe) -> None:
        terms = PriceTerms(unit_amount=500, currency="usd", interval="one_time")
        coffee = catalog.create_product(name="Coffee", price=terms, request_id="coffee", can_be_bought_again=True)
        bought(customer_client, local_stripe, coffee.price)
        bought(customer_client, local_stripe, coffee.price)
        assert Payment.objects.filter(status="succeeded").count() == 2

    def test_free_order(self, customer_client: Client, local_stripe: LocalStripe) -> None:
        terms = PriceTerms(unit_amount=0, currency="usd", interval="one_time")
        free = catalog.create_product(name="Sample", price=terms, request_id="free").price
        bought(customer_client, local_stripe, free)
        payment = Payment.objects.get()
        assert (payment.status, payment.amount, payment.payment_intent_id) == ("succeeded", 0, "")
        page = customer_client.get(f"/checkout/success/?session_id={the_session().stripe_id}").content.decode()
        assert "It is yours; nothing was charged." in page
        assert "payment went through" not in page

    def test_a_slow_payment_is_confirmed_later(
        self, customer_client: Client, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        buy(customer_client, one_time_price)
        session = the_session()
        local_stripe.control(f"checkout/{session.stripe_id}/pay", **{"async": True})
        response = customer_client.get(f"/checkout/success/?session_id={session.stripe_id}")
        assert response.context["state"] == "awaited"
        assert customer_client.post(f"/buy/{one_time_price.pk}/")["Location"] == "/account/"
        local_stripe.control(f"checkout/{session.stripe_id}/settle", outcome="succeed")
        for event in local_stripe.events("payment_intent.succeeded"):
            deliver(customer_client, event)
        assert Payment.objects.get().status == "succeeded"


class TestDeclinedCard:
    def test_leaves_the_session_open_and_nothing_bought(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        url = buy(customer_client, price)
        with pytest.raises(AssertionError, match="declined"):
            local_stripe.pay(the_session().stripe_id, card="4000000000000002")
        assert buy(customer_client, price) == url
        assert local_stripe.api.subscriptions.list({"status": "all"}).data == []

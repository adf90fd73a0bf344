"""Cancelling and changing over JSON: what happens at Stripe, and that twice is as once."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions import access
from subscriptions.models import Customer, Payment, ProductClaim, Subscription
from subscriptions.plans import cancel
from tests.config.api.conftest import Program, program_of, refused
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import DAY, Meanwhile, settle, sync_now
from tests.subscriptions.rows import subscribe
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestCancel:
    def test_now_by_default(self, ada: Program, subscription: Subscription, local_stripe: LocalStripe) -> None:
        answer = ada.post("cancel", subscription_id=subscription.pk)
        body = answer.json()
        assert (answer.status_code, body["status"], body["gives_access"]) == (200, "canceled", False)
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).status == "canceled"
        local_stripe.forget_calls()
        assert ada.post("cancel", subscription_id=subscription.pk).json() == body
        assert ada.post("cancel", price_id=subscription.price_id, at_period_end=True).json() == body
        assert local_stripe.calls == []

    def test_at_the_end_of_the_period(
        self, ada: Program, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        body = ada.post("cancel", price_id=subscription.price_id, at_period_end=True).json()
        assert (body["status"], body["cancel_at_period_end"], body["gives_access"]) == ("active", True, True)
        assert body["cancel_at"] == body["current_period_end"]
        assert ada.post("cancel", price_id=subscription.price_id, at_period_end=True).json() == body
        local_stripe.control("clock", advance=40 * DAY)
        sync_now()
        assert not access.has_access(person, subscription.product_id)

    def test_of_somebody_elses(self, bob: User, subscription: Subscription, local_stripe: LocalStripe) -> None:
        for which in ({"subscription_id": subscription.pk}, {"price_id": subscription.price_id}):
            refused(program_of(bob).post("cancel", **which), 404, "not_found")
        assert (local_stripe.calls, Subscription.objects.get().status) == ([], "active")

    def test_by_staff_for_its_owner_alone(
        self, backend: Program, bob: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        for name in ("grace", "bob"):
            refused(backend.post("cancel", user_name=name, subscription_id=subscription.pk), 404, "not_found")
        assert local_stripe.calls == []
        answer = backend.post("cancel", user_name="ada", subscription_id=subscription.pk)
        assert answer.json()["status"] == "canceled"

    def test_of_a_subscription_at_another_price(
        self, ada: Program, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        answer = ada.post("cancel", subscription_id=subscription.pk, price_id=team.pk)
        refused(answer, 404, "not_found")
        assert local_stripe.calls == []

    def test_prefers_the_running_one(
        self, ada: Program, subscription: Subscription, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        subscribe(customer, subscription.price, "canceled", pk="sub_old")
        answer = ada.post("cancel", price_id=subscription.price_id)
        assert answer.json()["subscription_id"] == subscription.pk

    def test_of_one_of_several_at_one_price(
        self, ada: Program, subscription: Subscription, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        """Asked again because its answer was lost, it must not end the next one."""
        subscribe(customer, subscription.price, pk="sub_second")
        local_stripe.forget_calls()
        answer = ada.post("cancel", price_id=subscription.price_id)
        refused(answer, 409, "ambiguous_subscription")
        assert sorted(answer.json()["ids"]) == sorted(["sub_second", subscription.pk])
        assert local_stripe.calls == []
        answer = ada.post("cancel", price_id=subscription.price_id, subscription_id=subscription.pk)
        assert (answer.status_code, answer.json()["subscription_id"]) == (200, subscription.pk)


class TestEndPurchase:
    @pytest.fixture
    def purchase(self, ada: Program, book: Price, local_stripe: LocalStripe) -> Payment:
        session_id = ada.post("session", price_id=book.pk).json()["session_id"]
        local_stripe.pay(session_id)
        ada.post("getsubs", session_id=session_id)
        local_stripe.forget_calls()
        return Payment.objects.get()

    def test_ends_access_and_refunds_nothing(
        self, ada: Program, person: User, purchase: Payment, local_stripe: LocalStripe
    ) -> None:
        assert access.has_access(person, purchase.product_id)
        body = ada.post("cancel", price_id=purchase.price_id).json()
        assert (body["status"], body["gives_access"], body["payment_id"]) == (
            "succeeded", False, purchase.payment_intent_id,
        )  # fmt: skip
        assert not access.has_access(person, purchase.product_id)
        assert (local_stripe.calls, local_stripe.api.refunds.list().data) == ([], [])

    def test_outlasts_every_later_state(
        self, ada: Program, person: User, purchase: Payment, local_stripe: LocalStripe
    ) -> None:
        ada.post("cancel", price_id=purchase.price_id)
        settle()
        sync_now(full=True)
        (event,) = local_stripe.events("payment_intent.succeeded")
        newer = {**event, "id": "evt_newer", "created": event["created"] + 1000}
        assert deliver(Client(), newer).json() == {"state": "done"}
        ended = Payment.objects.get()
        assert (ended.version, ended.status) == (purchase.version + 1, "succeeded")
        assert not ended.gives_access
        assert not access.has_access(person, purchase.product_id)

    def test_outlasts_a_refund_that_failed(
        self, ada: Program, person: User, purchase: Payment, local_stripe: LocalStripe
    ) -> None:
        ada.post("cancel", price_id=purchase.price_id)
        ended_at = Payment.objects.get().access_ended_at
        local_stripe.api.refunds.create({"payment_intent": purchase.payment_intent_id, "amount": 100})
        settle()
        assert Payment.objects.get().access_ended_at == ended_at

    def test_of_somebody_elses(self, bob: User, purchase: Payment) -> None:
        refused(program_of(bob).post("cancel", price_id=purchase.price_id), 404, "not_found")
        assert Payment.objects.get().gives_access


class TestUpdatesub:
    def test_keeps_the_subscription_and_its_period(
        self, ada: Program, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        before = ada.post("getsubs").json()["subscriptions"][0]
        body = ada.post("updatesub", price_id=team.pk).json()
        assert body == {
            **before,
            "price_id": team.pk,
            "product_id": team.product_id,
            "prod_name": "Team",
            "unit_amount": 4900,
            "amount": 4900,
            "charged_now": False,
        }
        theirs = local_stripe.api.subscriptions.retrieve(subscription.pk)
        assert theirs["items"].data[0].price.id == team.pk
        local_stripe.forget_calls()
        assert ada.post("updatesub", price_id=team.pk, subscription_id=subscription.pk).json() == body
        assert local_stripe.calls == []

    def test_to_another_interval_is_charged_now(
        self, ada: Program, subscription: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        body = ada.post("updatesub", price_id=yearly.pk).json()
        assert (body["charged_now"], body["subscription_id"]) == (True, subscription.pk)
        assert ada.post("updatesub", price_id=yearly.pk).json() == body

    def test_asked_for_at_the_same_moment(
        self, ada: Program, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        def ask() -> Any:
            answer = ada.post("updatesub", price_id=team.pk)
            return answer.status_code, answer.json()

        inner: list[Any] = []
        meanwhile.before("POST /v1/invoices/create_preview", lambda: inner.append(ask()))
        assert ask() == inner[0]
        assert inner[0][0] == 200
        assert ProductClaim.objects.count() == 0
        # What is left of Pro is given back once, and Team's charged once; then its next month.
        following = local_stripe.api.invoices.create_preview({"subscription": subscription.pk})
        assert [line.amount < 0 for line in following.lines.data].count(True) == 1
        assert len(following.lines.data) == 3

    def test_with_a_card_that_is_declined_changes_nothing(
        self, ada: Program, subscription: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        portal = local_stripe.api.billing_portal.sessions.create({"customer": str(subscription.customer_id)})
        local_stripe.control(f"portal/{portal.id}", action="card", card="4000000000000341")
        error = refused(ada.post("updatesub", price_id=yearly.pk), 400, "stripe_refused")
        assert error["message"] == "Your card was declined."
        assert Subscription.objects.get().price_id == subscription.price_id

    def test_without_a_card_says_how_to_add_one(
        self, ada: Program, customer: Customer, team: Price, local_stripe: LocalStripe
    ) -> None:
        terms = PriceTerms(unit_amount=0, currency="usd")
        free = catalog.create_product(name="Free", price=terms, request_id="free").price
        made = local_stripe.api.subscriptions.create({"customer": customer.pk, "items": [{"price": free.pk}]})
        sync_now()
        error = refused(ada.post("updatesub", price_id=team.pk), 400, "stripe_refused")
        assert error["message"] == (
            "There is no card on file. Please add one with “Manage payment” on your account page, and try again."
        )
        assert local_stripe.api.subscriptions.retrieve(made.id)["items"].data[0].price.id == free.pk
        assert Subscription.objects.get().price_id == free.pk

    @pytest.mark.parametrize("which", [{"price_id": "price_x"}, {"subscription_id": "sub_x"}])
    def test_of_what_is_not_there(
        self, ada: Program, subscription: Subscription, team: Price, local_stripe: LocalStripe, which: dict[str, str]
    ) -> None:
        local_stripe.forget_calls()
        refused(ada.post("updatesub", **{"price_id": team.pk, **which}), 404, "not_found")
        assert local_stripe.calls == []

    def test_of_somebody_elses(
        self, bob: User, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        for which in ({"subscription_id": subscription.pk}, {}):
            refused(program_of(bob).post("updatesub", price_id=team.pk, **which), 404, "not_found")
        assert local_stripe.calls == []

    def test_of_one_that_has_ended(self, ada: Program, subscription: Subscription, team: Price) -> None:
        cancel.cancel_now(subscription=subscription)
        answer = ada.post("updatesub", price_id=team.pk, subscription_id=subscription.pk)
        assert refused(answer, 400, "not_possible")["message"] == starting("This subscription has ended.")
        refused(ada.post("updatesub", price_id=team.pk), 404, "not_found")

    def test_to_a_price_that_it_can_not_have(
        self, ada: Program, subscription: Subscription, book: Price, team: Price, local_stripe: LocalStripe
    ) -> None:
        euros = catalog.add_price(
            product=team.product, terms=PriceTerms(unit_amount=900, currency="eur"), request_id="eur"
        )
        catalog.archive_product(product=team.product)
        local_stripe.forget_calls()
        for price in (book, euros, team):
            refused(ada.post("updatesub", price_id=price.pk), 400, "not_possible")
        assert local_stripe.calls == []

    def test_of_one_of_several(
        self, ada: Program, subscription: Subscription, team: Price, yearly: Price, local_stripe: LocalStripe
    ) -> None:  # fmt: skip
        small = catalog.create_product(
            name="Small", price=PriceTerms(unit_amount=100, currency="usd"), request_id="small"
        ).price
        subscribe(Customer.objects.get(), small, pk="sub_small")
        local_stripe.forget_calls()
        answer = ada.post("updatesub", price_id=team.pk)
        refused(answer, 409, "ambiguous_subscription")
        assert sorted(answer.json()["ids"]) == sorted(["sub_small", subscription.pk])
        assert local_stripe.calls == []
        # Another price of a product that one of them is for says enough.
        assert ada.post("updatesub", price_id=yearly.pk).json()["subscription_id"] == subscription.pk
        answer = ada.post("updatesub", price_id=team.pk, subscription_id=subscription.pk)
        assert answer.status_code == 200

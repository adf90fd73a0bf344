"""Buying over JSON: one session however often it is asked for, and nobody pays twice."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.models import CheckoutSession, Customer, Payment, ProductClaim, Subscription
from tests.config.api.conftest import Program, program_of, refused
from tests.fixtures import LocalStripe
from tests.subscriptions.sync.test_threads import at_once
from tests.wording import ending, starting

pytestmark = pytest.mark.django_db


class TestSession:
    def test_by_price(self, ada: Program, price: Price, local_stripe: LocalStripe) -> None:
        answer = ada.post("session", price_id=price.pk)
        row = CheckoutSession.objects.get()
        assert (answer.status_code, answer.json()) == (
            201,
            {
                "session_id": row.stripe_id,
                "url": row.url,
                "mode": "subscription",
                "subscription_id": None,
                "payment_id": None,
            },
        )
        theirs = local_stripe.api.checkout.sessions.list().data
        assert [(session.id, session.status) for session in theirs] == [(row.stripe_id, "open")]

    def test_asked_twice_is_the_one_that_is_open(self, ada: Program, price: Price, local_stripe: LocalStripe) -> None:
        first, second = ada.post("session", price_id=price.pk), ada.post("session", prod_name="Pro")
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert len(local_stripe.api.checkout.sessions.list().data) == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.needs_server("threads write at once")
    def test_asked_twice_at_once(self, person: User, price: Price, local_stripe: LocalStripe) -> None:
        programs = [program_of(person) for _ in range(3)]
        answers = at_once(*[lambda each=each: each.post("session", price_id=price.pk) for each in programs])
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len({answer.json()["session_id"] for answer in answers}) == 1
        assert len(local_stripe.api.checkout.sessions.list().data) == 1

    def test_for_several_of_what_is_not_sold_by_quantity(
        self, ada: Program, price: Price, local_stripe: LocalStripe
    ) -> None:
        error = refused(ada.post("session", price_id=price.pk, quantity=2), 422, "bad_input")
        assert error["fields"] == {"quantity": "“Pro” is not sold by quantity, so the quantity must be 1."}
        assert (local_stripe.calls, CheckoutSession.objects.count()) == ([], 0)

    @pytest.mark.parametrize(("amount", "quantity", "why"), [(10, 4, "at least $0.50"), (99_999_999, 2, "more than")])
    def test_for_a_total_that_stripe_does_not_charge(
        self, ada: Program, price: Price, amount: int, quantity: int, why: str
    ) -> None:
        Product.objects.update(has_quantity=True)
        Price.objects.update(unit_amount=amount)
        error = refused(ada.post("session", price_id=price.pk, quantity=quantity), 400, "not_possible")
        assert why in error["message"]
        assert (Customer.objects.count(), CheckoutSession.objects.count()) == (0, 0)

    def test_for_another_quantity_is_another(self, ada: Program, price: Price) -> None:
        Product.objects.update(has_quantity=True)
        first = ada.post("session", price_id=price.pk).json()
        second = ada.post("session", price_id=price.pk, quantity=3)
        assert (second.status_code, second.json()["session_id"] != first["session_id"]) == (201, True)
        assert CheckoutSession.objects.get(pk=ProductClaim.objects.get().attempt_id).quantity == 3

    def test_by_staff_for_a_name_or_a_customer(
        self, backend: Program, person: User, customer: Customer, price: Price
    ) -> None:
        by_name = backend.post("session", user_name="ada", price_id=price.pk)
        by_customer = backend.post("session", customer_id=customer.pk, price_id=price.pk)
        assert (by_name.status_code, by_customer.status_code) == (201, 200)
        assert by_name.json() == by_customer.json()
        assert CheckoutSession.objects.get().customer == customer

    def test_by_ones_own_customer(self, ada: Program, customer: Customer, price: Price) -> None:
        assert ada.post("session", customer_id=customer.pk, price_id=price.pk).status_code == 201

    def test_for_somebody_elses_customer(
        self, bob: User, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        refused(program_of(bob).post("session", customer_id=customer.pk, price_id=price.pk), 404, "not_found")
        assert (CheckoutSession.objects.count(), local_stripe.calls) == (0, [])

    @pytest.mark.parametrize("customer_id", ["cus_x", "bob's"])
    def test_for_a_customer_that_is_nobodys(self, backend: Program, price: Price, customer_id: str) -> None:
        refused(backend.post("session", customer_id=customer_id, price_id=price.pk), 404, "not_found")

    def test_for_a_customer_who_is_not_the_one_named(
        self, backend: Program, bob: User, customer: Customer, price: Price
    ) -> None:
        answer = backend.post("session", customer_id=customer.pk, user_name="bob", price_id=price.pk)
        refused(answer, 404, "not_found")

    def test_for_a_customer_and_somebody_elses_name(
        self, ada: Program, bob: User, customer: Customer, price: Price
    ) -> None:
        answer = ada.post("session", customer_id=customer.pk, user_name="bob", price_id=price.pk)
        refused(answer, 403, "forbidden")


class TestWhatToBuy:
    @pytest.mark.parametrize(("what", "mode"), [("price", "payment"), ("book", "subscription")])
    def test_in_a_mode_that_the_price_is_not(
        self, request: pytest.FixtureRequest, ada: Program, local_stripe: LocalStripe, what: str, mode: str
    ) -> None:
        price_id = request.getfixturevalue(what).pk
        local_stripe.forget_calls()
        error = refused(ada.post("session", price_id=price_id, mode=mode), 422, "bad_input")
        assert list(error["fields"]) == ["mode"]
        assert (CheckoutSession.objects.count(), local_stripe.calls) == (0, [])

    @pytest.mark.parametrize(("what", "mode"), [("price", "payment"), ("book", "subscription")])
    def test_by_name_in_a_mode_that_it_is_not_sold_in(
        self, request: pytest.FixtureRequest, ada: Program, local_stripe: LocalStripe, what: str, mode: str
    ) -> None:
        name = request.getfixturevalue(what).product.name
        local_stripe.forget_calls()
        error = refused(ada.post("session", prod_name=name, mode=mode), 422, "bad_input")
        assert list(error["fields"]) == ["mode"]
        assert (CheckoutSession.objects.count(), local_stripe.calls) == (0, [])

    @pytest.mark.parametrize(("what", "mode"), [("price", "subscription"), ("book", "payment")])
    def test_in_the_mode_that_it_is(self, request: pytest.FixtureRequest, ada: Program, what: str, mode: str) -> None:
        answer = ada.post("session", price_id=request.getfixturevalue(what).pk, mode=mode)
        assert (answer.status_code, answer.json()["mode"]) == (201, mode)

    def test_by_name_and_mode(self, ada: Program, price: Price) -> None:
        terms = PriceTerms(unit_amount=99000, currency="usd", interval="one_time")
        for_life = catalog.add_price(product=price.product, terms=terms, request_id="life")
        assert ada.post("session", prod_name="Pro", mode="payment").json()["mode"] == "payment"
        assert CheckoutSession.objects.get().price == for_life

    @pytest.mark.parametrize("what", [{"price_id": "price_x"}, {"prod_name": "Nobody's"}])
    def test_what_is_not_there(self, ada: Program, local_stripe: LocalStripe, what: dict[str, str]) -> None:
        refused(ada.post("session", **what), 404, "not_found")
        assert local_stripe.calls == []

    def test_what_is_not_on_sale_any_more(self, ada: Program, price: Price, local_stripe: LocalStripe) -> None:
        catalog.archive_product(product=price.product)
        local_stripe.forget_calls()
        for what in ({"price_id": price.pk}, {"prod_name": "Pro"}):
            refused(ada.post("session", **what), 400, "not_possible")
        assert local_stripe.calls == []

    def test_a_name_that_two_have(self, ada: Program, price: Price, local_stripe: LocalStripe) -> None:
        other = catalog.create_product(
            name="Pro", price=PriceTerms(unit_amount=900, currency="usd"), request_id="other"
        ).price
        local_stripe.forget_calls()
        answer = ada.post("session", prod_name="Pro")
        error = refused(answer, 409, "ambiguous_name")
        assert sorted(answer.json()["ids"]) == sorted([price.pk, other.pk])
        assert error["message"] == ending("Name the one that you mean by price_id.")
        assert local_stripe.calls == []
        assert ada.post("session", price_id=other.pk).status_code == 201

    def test_a_name_that_two_have_and_one_is_sold_at(self, ada: Program, price: Price, team: Price) -> None:
        Price.objects.filter(pk=team.pk).update(active=False)
        Product.objects.filter(pk=team.product_id).update(name="Pro")
        assert ada.post("session", prod_name="Pro").status_code == 201
        assert CheckoutSession.objects.get().price == price

    def test_a_name_with_several_prices_and_no_default(self, ada: Program, price: Price, yearly: Price) -> None:
        type(price.product).objects.update(default_price_id="")
        answer = ada.post("session", prod_name="Pro")
        refused(answer, 409, "ambiguous_name")
        assert sorted(answer.json()["ids"]) == sorted([price.pk, yearly.pk])

    def test_in_another_currency_than_what_they_have(self, ada: Program, subscription: Subscription) -> None:
        terms = PriceTerms(unit_amount=900, currency="eur")
        euros = catalog.create_product(name="Euro", price=terms, request_id="euro").price
        error = refused(ada.post("session", price_id=euros.pk), 400, "not_possible")
        assert error["message"] == starting("Your subscriptions are billed in USD")


class TestWhatTheyHave:
    def test_by_subscription(
        self, ada: Program, subscription: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        for price_id in (subscription.price_id, yearly.pk):
            answer = ada.post("session", price_id=price_id)
            refused(answer, 409, "already_held")
            assert answer.json()["subscription_id"] == subscription.pk
        assert local_stripe.calls == []

    def test_by_a_purchase_until_it_is_ended(self, ada: Program, book: Price, local_stripe: LocalStripe) -> None:
        def bought() -> Any:
            session = ada.post("session", price_id=book.pk)
            assert session.status_code == 201
            local_stripe.pay(session.json()["session_id"])
            held = ada.post("getsubs", session_id=session.json()["session_id"]).json()["payments"]
            # Two in one second come in any order.
            return next(payment for payment in held if payment["gives_access"])

        first = bought()
        answer = ada.post("session", price_id=book.pk)
        refused(answer, 409, "already_held")
        assert answer.json()["payment_id"] == first["payment_id"]
        ada.post("cancel", price_id=book.pk)
        assert bought()["payment_id"] != first["payment_id"]
        assert [payment.gives_access for payment in Payment.objects.order_by("stripe_created_at")].count(True) == 1

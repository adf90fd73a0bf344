"""What the plans page offers to whom, and the pages around buying: Stripe away, and the members' sample."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.models import Customer, Payment
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.reading import Step, shown
from tests.subscriptions.rows import MAY, item_of, sell_team, sell_yearly, subscribe

pytestmark = pytest.mark.django_db


class TestPlans:
    def test_ask_how_many_where_it_is_sold_by_quantity(self, client: Client, price: Price) -> None:
        team = sell_team()
        page = shown(client, "/")
        sent = {step.address: form for step, form in zip(reading.steps(page), reading.forms(page), strict=True)}
        assert sent == {f"/buy/{price.pk}/": {}, f"/buy/{team.pk}/": {"quantity": "1"}}
        assert '<label class="quantity">Quantity <input' in page
        assert 'min="1" max="999" required' in page

    def test_list_the_cheapest_first_of_what_was_made_in_one_second(
        self, client: Client, local_stripe: LocalStripe
    ) -> None:
        for amount in (3000, 1000, 5000, 2000, 4000):
            terms = PriceTerms(unit_amount=amount, currency="usd")
            catalog.create_product(name=f"For {amount}", price=terms, request_id=f"made-{amount}")
        Product.objects.update(stripe_created_at=MAY)
        names = re.findall(r"<h2[^>]*>(For \d+)</h2>", shown(client, "/"))
        assert names == ["For 1000", "For 2000", "For 3000", "For 4000", "For 5000"]

    def test_offer_nothing_in_a_currency_that_the_buyer_cannot_have(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        terms = PriceTerms(unit_amount=900, currency="eur")
        euro = catalog.create_product(name="Euro", price=terms, request_id="euro").price
        book = PriceTerms(unit_amount=4900, currency="eur", interval="one_time")
        once = catalog.create_product(name="Book", price=book, request_id="book").price
        catalog.add_price(product=price.product, terms=terms, request_id="euro-pro")
        subscribe(customer, price)
        why = "Your subscriptions are billed in USD, and one in EUR can"
        page = shown(customer_client, "/")
        assert [step.address for step in reading.steps(page)] == [f"/buy/{once.pk}/"]
        assert page.count(why) == 2
        page = shown(customer_client, f"/buy/{euro.pk}/")
        assert why in page
        assert "<form" not in page
        page = shown(customer_client, "/subscriptions/sub_1/change/")
        assert "Euro" not in page
        assert "Your subscription is billed in USD, so prices in other currencies are left out." in page

    @pytest.mark.parametrize(
        ("needs_card", "words"), [(True, "After 14 free days"), (False, "After 14 free days, no card needed")]
    )
    def test_say_whether_a_trial_needs_a_card(
        self,
        client: Client,
        price: Price,
        needs_card: bool,  # noqa: FBT001
        words: str,
    ) -> None:
        Price.objects.update(trial_days=14, trial_needs_card=needs_card)
        assert f'<p class="price-note">{words}</p>' in shown(client, "/")

    def test_lead_from_another_price_of_ones_plan_to_the_change(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        yearly = sell_yearly(price.product)
        subscribe(customer, price)
        assert reading.steps(shown(customer_client, "/")) == [
            Step("Change to this (Pro, $190.00 per year)", "get", f"/subscriptions/sub_1/change/{yearly.pk}/")
        ]

    def test_say_that_another_subscription_comes_in_addition(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price)
        assert "in addition" not in shown(customer_client, "/")
        sell_team()
        words = reading.words(shown(customer_client, "/"))
        assert (
            "You have Pro; what you subscribe to here comes in addition. To switch instead, change your plan" in words
        )

    def test_do_not_say_that_one_has_what_is_not_paid_yet(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price, "incomplete")
        sell_team()
        assert "You have" not in reading.words(shown(customer_client, "/"))

    @pytest.mark.parametrize("path", ["/", "/buy/{}/"])
    @pytest.mark.parametrize(
        ("amounts", "said"), [({"eur": 1700}, "\N{EURO SIGN}17.00 per month"), ({}, "billed in EUR per month")]
    )
    def test_show_what_one_has_in_the_currency_that_it_is_billed_in(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        *,
        path: str,
        amounts: dict[str, int],
        said: str,
    ) -> None:
        Price.objects.update(currency_amounts=amounts)
        subscribe(customer, price, currency="eur")
        words = reading.words(shown(customer_client, path.format(price.pk)))
        assert f"Pro {said} Your plan" in words
        assert "$19.00" not in words

    def test_say_that_none_of_ones_plan_costs_nothing(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price, quantity=0)
        assert "$19.00 per month You pay $0.00 per month" in reading.words(shown(customer_client, "/"))

    def test_do_not_offer_to_change_what_is_part_of_another_plan(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        team = sell_team()
        sell_yearly(team.product)
        subscribe(customer, price, items=[item_of(price), item_of(team, "si_2")])
        assert reading.steps(shown(customer_client, "/")) == [Step("See your plan (Team)", "get", "/account/")]

    @pytest.mark.parametrize(
        ("status", "columns"),
        [("unpaid", {}), ("past_due", {}), ("paused", {}), ("active", {"pause_behavior": "void"})],
    )
    def test_of_one_that_can_not_change_do_not_offer_to_switch(
        self, customer_client: Client, customer: Customer, price: Price, status: str, columns: dict[str, Any]
    ) -> None:
        subscribe(customer, price, status, **columns)
        sell_team()
        words = reading.words(shown(customer_client, "/"))
        assert "You have Pro; what you subscribe to here comes in addition." in words
        assert "To switch instead" not in words

    @pytest.mark.parametrize("path", ["/", "/buy/{}/"])
    @pytest.mark.parametrize(
        ("status", "columns", "badge"),
        [
            ("active", {}, ("active", "Your plan")),
            ("trialing", {}, ("trialing", "Your plan: Trial")),
            ("past_due", {}, ("past_due", "Your plan: Payment overdue")),
            ("unpaid", {}, ("unpaid", "Your plan: Unpaid")),
            ("paused", {}, ("paused", "Your plan: Paused")),
            ("active", {"cancel_at_period_end": True}, ("paused", "Your plan: Ends 3 May 2099")),
            ("active", {"pause_behavior": "void"}, ("paused", "Your plan: Paused")),
            ("active", {"dispute_hold": "open"}, ("paused", "Your plan: Payment disputed")),
            ("active", {"dispute_hold": "lost"}, ("paused", "Your plan: Payment taken back")),
        ],
    )
    def test_say_how_ones_plan_stands(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        *,
        status: str,
        columns: dict[str, object],
        badge: tuple[str, str],
        path: str,
    ) -> None:
        subscribe(customer, price, status=status, **columns)
        page = shown(customer_client, path.format(price.pk))
        assert re.findall(r'<span class="badge badge--(\w+)">([^<]+)</span>', page) == [badge]
        needs_attention = status not in {"active", "trialing"} or "dispute_hold" in columns
        assert ("See your account" in page) == needs_attention

    @pytest.mark.parametrize("status", ["past_due", "unpaid", "paused"])
    def test_offer_no_change_that_is_not_possible(
        self, customer_client: Client, customer: Customer, price: Price, status: str
    ) -> None:
        yearly = sell_yearly(price.product)
        subscribe(customer, price, status=status)
        addresses = [step.address for step in reading.steps(shown(customer_client, "/"))]
        assert f"/subscriptions/sub_1/change/{yearly.pk}/" not in addresses
        assert set(addresses) == {"/account/"}

    @pytest.mark.parametrize(
        ("columns", "badge"),
        [
            ({"status": "succeeded"}, ("badge badge--good", "Bought")),
            ({"status": "succeeded", "dispute_hold": "open"}, ("badge", "Bought: Disputed")),
            ({"status": "requires_capture"}, ("badge", "Authorised")),
        ],
    )
    def test_say_how_ones_purchase_stands(
        self,
        customer_client: Client,
        customer: Customer,
        one_time_price: Price,
        columns: dict[str, str],
        badge: tuple[str, str],
    ) -> None:
        Payment.objects.create(
            customer=customer, product=one_time_price.product, price=one_time_price, amount=4900, currency="usd",
            payment_intent_id="pi_1", **columns
        )  # fmt: skip
        page = shown(customer_client, f"/buy/{one_time_price.pk}/")
        assert re.findall(r'<span class="(badge[^"]*)">([^<]+)</span>', page) == [badge]

    def test_lead_from_what_is_sold_once_to_the_account(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        once = PriceTerms(unit_amount=9900, currency="usd", interval="one_time")
        catalog.add_price(product=price.product, terms=once, request_id="once")
        subscribe(customer, price)
        assert reading.steps(shown(customer_client, "/")) == [Step("See your plan (Pro)", "get", "/account/")]


class TestUnavailable:
    def test_tries_again_with_what_was_sent(self, rf: RequestFactory) -> None:
        fields = [("when", "now"), ("comment", 'said "no" & left'), ("tag", "a"), ("tag", "b")]
        context = {"retry": {"method": "POST", "path": "/subscriptions/sub_1/cancel/?a=1&b=2", "fields": fields}}
        page = reading.main(render_to_string("subscriptions/unavailable.html", context, rf.get("/")))
        assert reading.steps(page)[0] == Step("Try again", "post", "/subscriptions/sub_1/cancel/?a=1&b=2")
        assert reading.fields(page) == fields
        assert "Trying again is safe: nothing happens twice." in reading.words(page)

    def test_of_a_page_is_a_link(self, rf: RequestFactory) -> None:
        context = {"retry": {"method": "GET", "path": "/account/", "fields": []}}
        page = reading.main(render_to_string("subscriptions/unavailable.html", context, rf.get("/")))
        assert reading.steps(page)[0] == Step("Try again", "get", "/account/")


class TestMembers:
    def test_greets_by_name(self, rf: RequestFactory) -> None:
        request = rf.get("/members/")
        request.user = User(username="ada")
        page = render_to_string("subscriptions/members.html", {}, request)
        assert "Welcome, ada." in reading.words(page)

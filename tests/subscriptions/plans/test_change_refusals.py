"""Changes that are refused: clear words, nothing changed, nothing sent."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.customers import services as customers
from subscriptions.models import Subscription
from subscriptions.plans import cancel, change
from subscriptions.plans.errors import CannotChange
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import path_to, sync_now

pytestmark = pytest.mark.django_db


class TestRefusals:
    def refused(self, client: Client, subscription: Subscription, price: Price, words: str, **query: Any) -> None:
        before = Subscription.objects.values().get(pk=subscription.pk)
        for response in (
            client.get(path_to(subscription, price), query),
            client.post(path_to(subscription, price), {"preview": "", "when": "now", **query}),
        ):
            assert response.status_code == 400
            assert words in response.content.decode()
        assert Subscription.objects.values().get(pk=subscription.pk) == before

    def test_the_price_it_already_has(
        self, customer_client: Client, subscription: Subscription, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        self.refused(customer_client, subscription, price, "current plan already")
        assert local_stripe.calls == []

    def test_an_archived_price(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        catalog.archive_product(product=team.product)
        self.refused(customer_client, subscription, team, "no longer available")

    def test_a_price_in_another_currency(self, customer_client: Client, subscription: Subscription) -> None:
        euro = catalog.create_product(
            name="Euro", price=PriceTerms(unit_amount=900, currency="eur"), request_id="eur"
        ).price
        self.refused(customer_client, subscription, euro, "billed in USD")

    def test_a_one_time_price(self, customer_client: Client, subscription: Subscription) -> None:
        terms = PriceTerms(unit_amount=900, currency="usd", interval="one_time")
        once = catalog.create_product(name="Once", price=terms, request_id="once").price
        self.refused(customer_client, subscription, once, "sold once")

    def test_what_is_charged_at_once_on_one_that_is_set_to_end(
        self, customer_client: Client, subscription: Subscription, yearly: Price, team: Price
    ) -> None:
        """A whole year would be paid, and lost with the month."""
        ending = cancel.cancel(subscription=subscription)
        self.refused(customer_client, ending, yearly, "your subscription is set to end. Please resume it first")
        assert customer_client.get(path_to(ending, team)).status_code == 200
        cancel.resume(subscription=ending)
        assert customer_client.get(path_to(ending, yearly)).status_code == 200

    @pytest.mark.parametrize("quantity", ["0", "1000000000", "-1", "1.5", "many"])
    def test_a_quantity_that_is_none(
        self, customer_client: Client, subscription: Subscription, team: Price, quantity: str
    ) -> None:
        self.refused(customer_client, subscription, team, "between 1 and 999", quantity=quantity)

    def test_several_of_what_is_not_sold_by_quantity(
        self, customer_client: Client, subscription: Subscription, team: Price, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.refused(customer_client, subscription, team, "“Team” is not sold by quantity", quantity="2")
        self.refused(customer_client, subscription, price, "“Pro” is not sold by quantity", quantity="2")
        assert local_stripe.calls == ["POST /v1/products"]

    def test_but_not_the_quantity_that_the_dashboard_gave(
        self, customer_client: Client, subscription: Subscription, yearly: Price, team: Price, price: Price
    ) -> None:
        subscription.quantity = 5
        assert change.usual_quantity(subscription=subscription, price=yearly) == 5
        assert change.usual_quantity(subscription=subscription, price=team) == 1
        change.check_change(subscription=subscription, price=yearly, quantity=5)
        with pytest.raises(CannotChange, match="not sold by quantity"):
            change.check_change(subscription=subscription, price=yearly, quantity=4)
        with pytest.raises(CannotChange, match="not sold by quantity"):
            change.check_change(subscription=subscription, price=team, quantity=5)

    def test_an_ended_subscription(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.cancel(subscription.pk)
        sync_now()
        self.refused(customer_client, subscription, team, "has ended")

    def test_an_unpaid_one(self, customer_client: Client, subscription: Subscription, team: Price) -> None:
        Subscription.objects.update(status="past_due")
        self.refused(customer_client, subscription, team, "pay the open invoice")

    def test_unknown_price(self, customer_client: Client, subscription: Subscription) -> None:
        assert customer_client.get(f"/subscriptions/{subscription.pk}/change/price_none/").status_code == 404

    @pytest.mark.parametrize("page", ["change/", "undo-change/", "cancel/", "resume/"])
    def test_somebody_elses(
        self, client: Client, subscription: Subscription, staff: User, local_stripe: LocalStripe, page: str
    ) -> None:
        customers.ensure(staff)
        client.force_login(staff)
        local_stripe.forget_calls()
        path = f"/subscriptions/{subscription.pk}/{page}"
        assert {client.get(path).status_code, client.post(path).status_code} <= {404, 405}
        assert local_stripe.calls == []

    @pytest.mark.parametrize("page", ["change/", "cancel/"])
    def test_anonymous(self, client: Client, subscription: Subscription, page: str) -> None:
        client.logout()
        response = client.get(f"/subscriptions/{subscription.pk}/{page}")
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/login/")

    def test_stripe_down(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=3)
        assert customer_client.get(path_to(subscription, team)).status_code == 503

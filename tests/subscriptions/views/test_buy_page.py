"""The page of one price, which can be linked to, and buying before signing in."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions.models import CheckoutSession, Customer
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.reading import Step, shown, words
from tests.subscriptions.rows import sell_team, subscribe

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def seats(price: Price) -> Price:
    return sell_team()


class TestPage:
    def test_says_what_is_sold_and_has_one_button(self, client: Client, price: Price) -> None:
        page = shown(client, f"/buy/{price.pk}/")
        assert "Pro $19.00 per month" in words(page)
        assert reading.steps(page)[0] == Step("Subscribe (Pro, $19.00 per month)", "post", f"/buy/{price.pk}/")

    def test_answers_head(self, client: Client, price: Price) -> None:
        assert client.head(f"/buy/{price.pk}/").status_code == 200

    def test_leads_from_what_one_has_to_the_account(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price)
        page = shown(customer_client, f"/buy/{price.pk}/")
        assert "Your plan" in words(page)
        assert "<form" not in page

    def test_of_an_unknown_price(self, client: Client, db: None) -> None:
        assert client.get("/buy/price_nobody_sells/").status_code == 404

    def test_of_a_price_that_is_not_on_sale_any_more(self, client: Client, price: Price) -> None:
        Price.objects.update(active=False)
        response = client.get(f"/buy/{price.pk}/")
        assert response.status_code == 410
        assert "This price is no longer available." in words(response.content.decode())


class TestBuyingBeforeSigningIn:
    def test_goes_straight_on_to_checkout_after_signing_up(
        self, client: Client, seats: Price, local_stripe: LocalStripe
    ) -> None:
        response = client.post(f"/buy/{seats.pk}/", {"quantity": "3"})
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next=/buy/{seats.pk}/")
        assert (CheckoutSession.objects.count(), Customer.objects.count()) == (0, 0)
        assert "Nothing is charged yet." in client.get(response["Location"]).content.decode()
        typed = {"username": "eve", "email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
        response = client.post(f"/accounts/signup/?next=/buy/{seats.pk}/", typed)
        assert (response.status_code, response["Location"]) == (302, f"/buy/{seats.pk}/")
        response = client.get(response["Location"])
        session = CheckoutSession.objects.get()
        assert (response.status_code, response["Location"]) == (303, session.url)
        assert (session.price_id, session.quantity) == (seats.pk, 3)

    def test_starts_only_once(self, client: Client, person: User, price: Price, local_stripe: LocalStripe) -> None:
        client.post(f"/buy/{price.pk}/")
        client.force_login(person)
        assert client.get(f"/buy/{price.pk}/").status_code == 303
        assert client.get(f"/buy/{price.pk}/").status_code == 200

    def test_counts_for_the_price_that_was_chosen(
        self, client: Client, person: User, price: Price, seats: Price, local_stripe: LocalStripe
    ) -> None:
        client.post(f"/buy/{price.pk}/")
        client.force_login(person)
        assert client.get(f"/buy/{seats.pk}/").status_code == 200
        assert CheckoutSession.objects.count() == 0

    def test_counts_for_an_hour(self, client: Client, person: User, price: Price, local_stripe: LocalStripe) -> None:
        client.post(f"/buy/{price.pk}/")
        client.force_login(person)
        kept = client.session
        kept["chosen_before_sign_in"] |= {"at": (timezone.now() - timedelta(hours=2)).timestamp()}
        kept.save()
        assert client.get(f"/buy/{price.pk}/").status_code == 200
        assert CheckoutSession.objects.count() == 0

    def test_is_kept_while_stripe_is_away(
        self, client: Client, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        client.post(f"/buy/{price.pk}/")
        client.force_login(person)
        local_stripe.control("faults", status="timeout", count=3)
        assert client.get(f"/buy/{price.pk}/").status_code == 503
        assert client.get(f"/buy/{price.pk}/").status_code == 303

    def test_refuses_a_quantity_before_signing_in(self, client: Client, seats: Price) -> None:
        assert client.post(f"/buy/{seats.pk}/", {"quantity": "-1"}).status_code == 400

    def test_of_an_unknown_price(self, client: Client, db: None) -> None:
        assert client.post("/buy/price_nobody_sells/").status_code == 400

    def test_starts_nothing_by_a_link_alone(self, customer_client: Client, price: Price) -> None:
        assert customer_client.get(f"/buy/{price.pk}/").status_code == 200
        assert CheckoutSession.objects.count() == 0

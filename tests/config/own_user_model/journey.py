"""A person's way through the site when people have no user name but their e-mail address."""

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing.models import Price
from config.demo import seed
from subscriptions.customers import api_tokens
from subscriptions.customers import services as customers
from subscriptions.models import CheckoutSession, Customer, Subscription
from tests.config.own_user_model.models import Member
from tests.fixtures import LocalStripe, owner_of_token

ADDRESS = "ada@example.com"
PASSWORD = "blue-heron-42"


def sign_up(client: Client) -> Member:
    form = {"email": ADDRESS, "password1": PASSWORD, "password2": PASSWORD}
    response = client.post("/accounts/signup/", form)
    assert (response.status_code, response.headers.get("Location")) == (302, "/account/"), response.content
    return Member.objects.get()


def buy(client: Client, price: Price, local_stripe: LocalStripe) -> None:
    response = client.post(f"/buy/{price.pk}/")
    assert response.status_code == 303, response.content
    session_id = CheckoutSession.objects.get().stripe_id
    local_stripe.pay(session_id)
    response = client.get("/checkout/success/", {"session_id": session_id})
    assert response.status_code == 200, response.content


@pytest.fixture
def staff(db: None) -> Member:
    return Member.objects.create_superuser("grace@example.com", PASSWORD)


@pytest.fixture
def office(client: Client, staff: Member, local_stripe: LocalStripe) -> Client:
    client.force_login(staff)
    return client


def post(person: Member, path: str, **fields: Any) -> tuple[int, Any]:
    token = api_tokens.create(user=person, name="test", now=timezone.now())[1]
    answer = Client().post(
        f"/api/{path}", fields, content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    return answer.status_code, answer.json()


class TestOnTheSite:
    def test_the_model_is_our_own_and_passes_the_checks(self) -> None:
        assert get_user_model() is Member
        assert [found for found in run_checks() if found.is_serious()] == []

    def test_the_sign_up_page_asks_for_the_address_alone(self, client: Client, db: None) -> None:
        page = client.get("/accounts/signup/").content.decode()
        assert re.findall(r'name="(\w+)"', page.split("<main")[1]) == [
            "csrfmiddlewaretoken",
            "email",
            "password1",
            "password2",
            "next",
        ]

    def test_signs_up_in_and_buys(self, client: Client, price: Price, local_stripe: LocalStripe) -> None:
        member = sign_up(client)
        client.post("/accounts/logout/")
        signed_in = client.post("/accounts/login/", {"username": ADDRESS, "password": PASSWORD})
        assert (signed_in.status_code, signed_in["Location"]) == (302, "/account/")
        buy(client, price, local_stripe)
        assert Subscription.objects.get().customer.account.user == member
        assert ADDRESS in client.get("/account/").content.decode()

    @pytest.mark.parametrize("address", [ADDRESS, "ADA@example.com"])
    def test_an_address_signs_up_once(self, client: Client, local_stripe: LocalStripe, db: None, address: str) -> None:
        sign_up(client)
        form = {"email": address, "password1": PASSWORD, "password2": PASSWORD}
        again = Client().post("/accounts/signup/", form)
        assert again.status_code == 200
        assert "This address already has an account." in again.content.decode()
        assert Member.objects.count() == 1

    def test_sends_a_link_for_a_new_password(self, client: Client, local_stripe: LocalStripe, db: None) -> None:
        sign_up(client)
        client.post("/accounts/password_reset/", {"email": ADDRESS})
        assert [message.to for message in mail.outbox] == [[ADDRESS]]


class TestApi:
    def test_creates_a_customer_by_address_and_tells_what_they_have(
        self, staff: Member, local_stripe: LocalStripe
    ) -> None:
        status, made = post(staff, "createcustomer", user_name=ADDRESS, email=ADDRESS)
        assert (status, made["user_name"], made["email"]) == (201, ADDRESS, ADDRESS)
        assert post(staff, "createcustomer", user_name=ADDRESS) == (200, made)
        status, held = post(staff, "getsubs", user_name=ADDRESS)
        assert (status, held["user_name"], held["customer_id"]) == (200, ADDRESS, made["customer_id"])

    def test_refuses_a_second_address(self, staff: Member, local_stripe: LocalStripe) -> None:
        status, answer = post(staff, "createcustomer", user_name=ADDRESS, email="other@example.com")
        assert (status, list(answer["error"]["fields"])) == (422, ["email"])
        assert Member.objects.get() == staff
        assert local_stripe.calls == []

    def test_refuses_a_name_that_is_no_address(self, staff: Member, local_stripe: LocalStripe) -> None:
        status, answer = post(staff, "createcustomer", user_name="ada")
        assert (status, list(answer["error"]["fields"])) == (422, ["user_name"])
        assert Member.objects.get() == staff

    def test_others_act_for_themselves(self, client: Client, local_stripe: LocalStripe, db: None) -> None:
        member = sign_up(client)
        assert post(member, "getsubs", user_name=ADDRESS)[0] == 200
        assert post(member, "getsubs", user_name="grace@example.com")[0] == 403


class TestAdmin:
    def test_finds_customers_and_tokens_by_address(self, office: Client, local_stripe: LocalStripe) -> None:
        member, other = (Member.objects.create_user(address) for address in (ADDRESS, "bob@example.com"))
        for person in (member, other):
            customer = customers.ensure(person)
            # Another address at Stripe, so that only the account's can be found.
            Customer.objects.filter(pk=customer.pk).update(email="billing@example.com")
            api_tokens.create(user=person, name="shop", now=timezone.now())
        for path in ("customer", "apitoken"):
            page = office.get(f"/admin/subscriptions/{path}/", {"q": ADDRESS})
            assert page.context["cl"].result_count == 1

    def test_makes_a_token_for_somebody(self, office: Client) -> None:
        member = Member.objects.create_user(ADDRESS)
        assert office.get("/admin/subscriptions/apitoken/add/").status_code == 200
        page = office.post("/admin/subscriptions/apitoken/add/", {"user": str(member.pk), "name": "shop"})
        assert page.status_code == 200
        assert member.api_tokens.get().name == "shop"


class TestCommands:
    def test_know_people_by_address(
        self, client: Client, local_stripe: LocalStripe, db: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        member = sign_up(client)
        call_command("create_api_token", ADDRESS)
        assert owner_of_token(text=capsys.readouterr().out.strip(), now=timezone.now()) == member
        call_command("erase_customer", ADDRESS, "--no-input")
        assert not Member.objects.exists()
        assert not Customer.objects.exists()

    def test_the_demo_logs_in_by_address(self) -> None:
        assert (seed.STAFF.name, seed.CUSTOMER.name) == ("margaret@example.com", ADDRESS)

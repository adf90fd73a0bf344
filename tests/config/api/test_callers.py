"""Who may call, and for whom: every endpoint, every kind of caller."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Price, Product
from subscriptions.customers import api_tokens
from subscriptions.models import ApiToken, Customer, Subscription
from tests.config.api.conftest import Program, program_of, refused
from tests.config.api.endpoints import (
    FOR_ONESELF,
    FOR_STAFF,
    FOR_THE_SIGNED_IN,
    GETS,
    POSTS,
)
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


def ask(program: Program, path: str) -> Any:
    return program.get(path) if path in GETS else program.post(path, **POSTS[path])


@pytest.fixture
def nothing_happens(local_stripe: LocalStripe, price: Price, person: User, staff: User) -> Iterator[None]:
    """Nothing is written and nothing sent."""
    local_stripe.forget_calls()
    before = counted()
    yield
    assert (counted(), local_stripe.calls) == (before, [])


def counted() -> list[int]:
    return [model._default_manager.count() for model in (User, Product, Price, Customer, Subscription)]


@pytest.mark.parametrize("path", FOR_THE_SIGNED_IN)
class TestWithoutAGoodToken:
    def test_nobody(self, stranger: Program, nothing_happens: None, path: str) -> None:
        answer = ask(stranger, path)
        assert refused(answer, 401, "unauthorized")["message"] == "Sign in, or send Authorization: Bearer TOKEN."
        assert answer["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("token", ["sot_wrong", "x", "ÿ", "a b", "sot_" + "x" * 5000])
    def test_a_wrong_one(self, stranger: Program, nothing_happens: None, path: str, token: str) -> None:
        stranger.token = token
        assert "unknown" in refused(ask(stranger, path), 401, "unauthorized")["message"]

    def test_an_expired_one(self, ada: Program, nothing_happens: None, path: str) -> None:
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        refused(ask(ada, path), 401, "unauthorized")

    def test_a_revoked_one(self, ada: Program, nothing_happens: None, path: str) -> None:
        api_tokens.revoke(token=ApiToken.objects.get(), now=timezone.now())
        refused(ask(ada, path), 401, "unauthorized")

    def test_one_of_somebody_inactive(self, ada: Program, nothing_happens: None, path: str) -> None:
        User.objects.update(is_active=False)
        refused(ask(ada, path), 401, "unauthorized")

    def test_another_scheme(self, stranger: Program, nothing_happens: None, path: str) -> None:
        stranger.client.defaults["HTTP_AUTHORIZATION"] = "Basic YWRhOmNvcnJlY3Q="
        refused(ask(stranger, path), 401, "unauthorized")


class TestASession:
    def test_signs_in(self, customer_client: Client, person: User) -> None:
        assert customer_client.get("/api/me").json()["user_name"] == "ada"
        assert customer_client.post("/api/getsubs").json()["user_name"] == "ada"

    @pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
    def test_is_not_enough_without_the_csrf_token(
        self, person: User, local_stripe: LocalStripe, price: Price, kind: str
    ) -> None:
        browser = strict_browser(person, local_stripe)
        refused(browser.post("/api/getsubs", data="", content_type=kind), 403, "csrf_failed")
        assert browser.get("/api/me").status_code == 200

    @pytest.mark.parametrize("path", POSTS)
    def test_of_another_site_does_nothing(
        self, staff: User, price: Price, local_stripe: LocalStripe, path: str
    ) -> None:
        browser = strict_browser(staff, local_stripe)
        before = counted()
        for kind in ("application/json", "text/plain"):
            answer = browser.post(
                f"/api/{path}", data="{}", content_type=kind, headers={"Origin": "https://evil.example"}
            )
            refused(answer, 403, "csrf_failed")
        assert (counted(), local_stripe.calls) == (before, [])

    def test_goes_with_the_csrf_token_in_the_header_or_the_form(
        self, person: User, local_stripe: LocalStripe, price: Price
    ) -> None:
        browser = strict_browser(person, local_stripe)
        browser.get("/accounts/password_change/")
        token = browser.cookies["csrftoken"].value
        in_header = browser.post("/api/getsubs", "{}", "application/json", headers={"X-CSRFToken": token})
        in_form = browser.post("/api/getsubs", {"csrfmiddlewaretoken": token})
        assert (in_header.status_code, in_form.status_code) == (200, 200)

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/x-www-form-urlencoded", "a=" + "x" * 10 * 1024 * 1024),
            ("application/x-www-form-urlencoded", "&".join(f"a{n}=1" for n in range(1001))),
            ("multipart/form-data", "no boundary"),
            ("multipart/form-data; boundary=x", "x" * 10 * 1024 * 1024),
            ("application/json", "x" * 10 * 1024 * 1024),
        ],
        ids=["large form", "many fields", "no form", "large multipart", "large JSON"],
    )
    def test_with_a_body_that_the_csrf_check_can_not_read(
        self, person: User, local_stripe: LocalStripe, kind: str, body: str
    ) -> None:
        browser = strict_browser(person, local_stripe)
        browser.get("/accounts/password_change/")
        token = browser.cookies["csrftoken"].value
        answer = browser.post("/api/createcustomer", body, content_type=kind, headers={"X-CSRFToken": token})
        assert list(refused(answer, 422, "bad_input")["fields"]) == ["body"]
        assert local_stripe.calls == []

    def test_does_not_make_up_for_a_wrong_token(self, customer_client: Client) -> None:
        refused(customer_client.get("/api/me", headers={"Authorization": "Bearer sot_x"}), 401, "unauthorized")

    def test_a_token_needs_no_csrf_token(self, staff: User, person: User, local_stripe: LocalStripe) -> None:
        program = program_of(staff)
        program.client = strict_browser(person, local_stripe)
        assert program.post("getsubs").json()["user_name"] == "grace"


class TestForWhom:
    @pytest.mark.parametrize("path", FOR_STAFF)
    @pytest.mark.usefixtures("nothing_happens")
    def test_products_are_for_staff(self, ada: Program, price: Price, path: str) -> None:
        assert refused(ask(ada, path), 403, "forbidden")["message"] == "This is for staff only."

    @pytest.mark.parametrize("path", FOR_ONESELF)
    @pytest.mark.parametrize("name", ["grace", "nobody"])
    @pytest.mark.usefixtures("nothing_happens")
    def test_only_staff_name_somebody_else(
        self, ada: Program, staff: User, price: Price, path: str, name: str
    ) -> None:
        answer = ada.post(path, **{**POSTS[path], "user_name": name})
        assert refused(answer, 403, "forbidden")["message"] == "Only staff act for somebody else."

    @pytest.mark.parametrize("path", [path for path in FOR_ONESELF if path != "createcustomer"])
    def test_staff_name_somebody_who_is_not_here(self, backend: Program, price: Price, path: str) -> None:
        refused(backend.post(path, **{**POSTS[path], "user_name": "nobody"}), 404, "not_found")

    def test_people_may_name_themselves_or_nobody(self, ada: Program) -> None:
        for fields in ({"user_name": "ada"}, {}):
            assert ada.post("getsubs", **fields).json()["user_name"] == "ada"

    def test_names_are_told_apart_as_django_does(self, backend: Program, person: User) -> None:
        assert backend.post("getsubs", user_name="\uff41da").json()["user_name"] == "ada"
        refused(backend.post("getsubs", user_name="Ada"), 404, "not_found")


class TestPlans:
    def test_are_for_anyone(self, stranger: Program, price: Price) -> None:
        assert len(stranger.get("plans").json()["plans"]) == 1
        stranger.token = "sot_wrong"
        assert stranger.get("plans").status_code == 200


def strict_browser(user: User, local_stripe: LocalStripe) -> Client:
    """One in which this person is signed in, and that checks the CSRF token as a real one has it checked."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    local_stripe.forget_calls()
    return browser

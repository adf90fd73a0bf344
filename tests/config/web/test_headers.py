"""Headers that protect people: on every answer, errors and redirects included; and private answers stay private."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import include, path

from billing.models import Price
from tests.config.api.conftest import Program, program_of
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self' https://checkout.stripe.com https://billing.stripe.com "
    "http://127.0.0.1:9; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": ("camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def fail(request: HttpRequest) -> None:
    raise RuntimeError


urlpatterns = [path("fail/", fail), path("api/fail", fail), path("", include("config.urls"))]


def assert_protected(answer: Any) -> None:
    assert {name: answer.get(name) for name in HEADERS} == HEADERS


class TestEveryAnswer:
    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("/", 200),
            ("/accounts/login/", 200),
            ("/account/", 302),
            ("/admin/", 302),
            ("/admin/login/", 200),
            ("/healthz", 200),
            ("/healthz?full", 401),
            ("/nothing-here/", 404),
            ("/stripe/webhook/", 405),
            ("/?a=%00", 400),
            ("/fail/", 500),
            ("/api/plans", 200),
            ("/api/plans?a=1", 422),
            ("/api/me", 401),
            ("/api/docs", 200),
            ("/api/openapi.json", 200),
            ("/api/nothing", 404),
            ("/api/fail", 500),
        ],
    )
    @override_settings(ROOT_URLCONF=__name__)
    def test_is_protected(self, address: str, status: int) -> None:
        for method in ("GET", "HEAD"):
            answer = Client(raise_request_exception=False).generic(method, address)
            assert answer.status_code == status
            assert_protected(answer)

    def test_files(self, client: Client) -> None:
        answer = client.get("/static/site.css")
        assert (answer.status_code, answer.getvalue() != b"") == (200, True)
        assert_protected(answer)

    def test_one_to_a_wrong_host(self, client: Client) -> None:
        answer = client.get("/", headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert_protected(answer)

    def test_one_to_a_form_without_its_token(self) -> None:
        answer = Client(enforce_csrf_checks=True).post("/accounts/logout/")
        assert answer.status_code == 403
        assert_protected(answer)

    def test_one_before_other_origins_may_call(self, client: Client) -> None:
        answer = client.options(
            "/api/plans", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
        )
        assert answer.status_code == 200
        assert_protected(answer)

    def test_one_that_redirects_to_tls(self, client: Client, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT = True
        answer = client.get("/")
        assert answer.status_code == 301
        assert_protected(answer)

    def test_pages_of_staff(self, client: Client, staff: User, price: Price) -> None:
        client.force_login(staff)
        for page in ("", "billing/product/", f"billing/product/{price.product_id}/change/", "subscriptions/customer/"):
            answer = client.get(f"/admin/{page}", follow=True)
            assert answer.status_code == 200
            assert_protected(answer)

    def test_djangos_own_error_pages_keep_their_style(self, client: Client, settings: Any) -> None:
        settings.DEBUG = True
        assert "Content-Security-Policy" not in client.get("/nothing-here/")
        assert client.get("/")["Content-Security-Policy"] == POLICY


class TestPrivacy:
    PAGES = (
        "/",
        "/account/",
        "/accounts/password_change/",
        "/buy/nothing/",
        "/nothing-here/",
        "/api/me",
        "/api/plans",
    )

    @pytest.mark.parametrize("page", PAGES)
    def test_what_a_signed_in_person_sees_is_private(self, customer_client: Client, page: str) -> None:
        kept = customer_client.get(page)["Cache-Control"]
        assert "private" in kept
        assert "no-store" in kept

    @pytest.mark.parametrize("path", ["me", "plans", "nothing"])
    def test_what_a_token_gets_is_private(self, person: User, local_stripe: LocalStripe, path: str) -> None:
        program: Program = program_of(person)
        assert program.get(path)["Cache-Control"] == "private, no-store"
        assert program.post(path)["Cache-Control"] == "private, no-store"

    def test_an_answer_that_sets_a_cookie_is_private(self, client: Client, person: User) -> None:
        fields = {"username": "ada", "password": "correct horse battery"}
        assert "private" in client.post("/accounts/login/", fields)["Cache-Control"]

    @pytest.mark.parametrize("page", ["/", "/api/plans", "/nothing-here/"])
    def test_what_anybody_sees_may_be_kept(self, client: Client, page: str) -> None:
        assert "Cache-Control" not in client.get(page)

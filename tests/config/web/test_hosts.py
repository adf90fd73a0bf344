"""The site's other names lead people to SITE_URL's; programs are answered under the name that they know."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

SHOP = "https://shop.example.com"
PASSWORD = "correct horse battery"


@pytest.fixture
def shop() -> Iterator[None]:
    """A site with a public name and two more."""
    names = ["shop.example.com", "www.shop.example.com", "shop.example.org", "localhost", "app", "[::1]"]
    with override_settings(SITE_URL=SHOP, ALLOWED_HOSTS=names):
        yield


def get(address: str, host: str, **more: Any) -> Any:
    return Client(headers={"Host": host}).get(address, **more)


@pytest.mark.usefixtures("shop")
class TestAPublicName:
    @pytest.mark.parametrize(
        "host",
        [
            "www.shop.example.com", "WWW.shop.example.com", "shop.example.org:8000", "shop.example.com.",
            "localhost", "localhost:8000", "[::1]:8000",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("page", ["/", "/accounts/login/?next=/buy/a%2Fb/", "/account/", "/admin/", "/api/docs"])
    def test_is_led_to(self, host: str, page: str) -> None:
        for answer in (get(page, host), Client(headers={"Host": host}).head(page)):
            assert (answer.status_code, answer["Location"]) == (302, SHOP + page)
            assert "sessionid" not in answer.cookies

    @pytest.mark.parametrize("page", ["//evil.example/", "/\\evil.example", "/@evil.example"])
    def test_is_where_every_redirect_leads(self, page: str) -> None:
        location = get("/", "localhost", PATH_INFO=page)["Location"]
        assert location.startswith(f"{SHOP}/")

    @pytest.mark.parametrize("host", ["shop.example.com", "shop.example.com:8000", "SHOP.example.com", "app:8000"])
    def test_is_left_alone(self, host: str) -> None:
        assert get("/", host).status_code == 200

    @pytest.mark.parametrize(
        ("address", "status"), [("/api/plans", 200), ("/api/me", 401), ("/healthz", 200), ("/stripe/webhook/", 405)]
    )
    def test_is_not_asked_of_programs(self, address: str, status: int) -> None:
        assert get(address, "www.shop.example.com").status_code == status

    def test_is_not_asked_of_what_is_sent(self, person: User, local_stripe: LocalStripe) -> None:
        browser = Client(headers={"Host": "www.shop.example.com"})
        assert browser.post("/accounts/login/", {"username": "ada", "password": PASSWORD})["Location"] == "/account/"
        assert browser.post("/api/getsubs").status_code == 200
        assert browser.post("/stripe/webhook/").status_code == 400

    def test_a_name_that_is_not_the_sites_is_refused(self) -> None:
        assert get("/", "evil.example").status_code == 400


class TestALocalName:
    """The default: SITE_URL is http://127.0.0.1:8000."""

    @pytest.mark.parametrize("host", ["localhost:8000", "localhost", "[::1]:8000"])
    def test_is_led_to(self, host: str) -> None:
        answer = get("/account/?page=2", host)
        assert (answer.status_code, answer["Location"]) == (302, "http://127.0.0.1:8000/account/?page=2")

    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.0.0.1:9000", "localhost:9000", "testserver"])
    def test_is_left_alone(self, host: str) -> None:
        assert get("/", host).status_code == 200

    def test_is_no_better_than_a_public_one(self) -> None:
        with override_settings(ALLOWED_HOSTS=["shop.example.com"]):
            assert get("/", "shop.example.com").status_code == 200


class TestHealth:
    """Answered before all else: load balancers ask by address."""

    @pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example", "", "a b", "x" * 300, "[::1"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_is_answered_whatever_the_host(self, host: str, method: str, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT = True
        answer = Client(headers={"Host": host}).generic(method, "/healthz")
        assert answer.status_code == 200
        assert answer.content == (b'{"status": "ok"}' if method == "GET" else b"")

    def test_in_full_too(self, staff: User) -> None:
        assert get("/healthz?full", "evil.example").status_code == 401
        browser = Client(headers={"Host": "10.0.0.7"})
        browser.force_login(staff)
        assert browser.get("/healthz?full").json()["status"] == "problem"  # No pass has run.

    def test_reads_no_session(self, client: Client, staff: User, django_assert_num_queries: Any) -> None:
        client.force_login(staff)
        with django_assert_num_queries(1):
            assert client.get("/healthz").status_code == 200

    def test_is_not_posted_to(self, client: Client) -> None:
        assert client.post("/healthz").status_code == 405

"""A stranger's guesses lock an account for everybody but the browsers in which its owner has signed in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client
from django.utils import timezone

from config.accounts import known_browsers
from config.accounts.known_browsers import COOKIE, Browser
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

SIGN_IN, ADMIN = "/accounts/login/", "/admin/login/"
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that no quarter of an hour ends during a test."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 28, 12, tzinfo=UTC))


def sign_in(client: Client, password: str = PASSWORD, *, name: str = "ada", page: str = SIGN_IN) -> Any:
    return client.post(page, {"username": name, "password": password})


def lock(name: str = "ada") -> None:
    stranger = Client(REMOTE_ADDR="192.0.2.66")
    assert [sign_in(stranger, "wrong", name=name).status_code for _ in range(11)] == [200] * 10 + [429]


@pytest.fixture
def owner(client: Client, person: User, local_stripe: LocalStripe) -> Client:
    """A browser in which Ada has signed in, and out again."""
    assert sign_in(client).status_code == 302
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
    return client


class TestAStrangersGuesses:
    def test_lock_the_account_for_other_browsers(self, person: User) -> None:
        lock()
        assert sign_in(Client()).status_code == 429

    @pytest.mark.parametrize("name", ["ada", "ADA"])
    def test_do_not_keep_the_owner_out(self, owner: Client, name: str) -> None:
        lock()
        assert sign_in(owner, name=name).status_code == (302 if name == "ada" else 200)

    def test_do_not_keep_staff_out_of_the_admin(self, staff: User, client: Client) -> None:
        assert sign_in(client, name="grace", page=ADMIN).status_code == 302
        client.post("/admin/logout/")
        lock("grace")
        assert sign_in(client, name="grace", page=ADMIN).status_code == 302

    def test_do_not_keep_out_who_has_just_signed_up(self, client: Client, local_stripe: LocalStripe) -> None:
        form = {"username": "eve", "email": "eve@example.com", "password1": PASSWORD, "password2": PASSWORD}
        client.post("/accounts/signup/", form)
        client.post("/accounts/logout/")
        lock("eve")
        assert sign_in(client, name="eve").status_code == 302


class TestAKnownBrowser:
    def test_has_a_limit_of_its_own(self, owner: Client) -> None:
        answers = [sign_in(owner, "wrong").status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]
        assert sign_in(owner).status_code == 429
        assert sign_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302

    def test_is_not_known_to_other_accounts(self, owner: Client, staff: User) -> None:
        lock("grace")
        assert sign_in(owner, name="grace").status_code == 429

    def test_still_counts_for_the_address(self, owner: Client, settings: Any) -> None:
        settings.SIGN_IN_RATE_PER_ADDRESS = 1
        assert [sign_in(owner, "wrong").status_code for _ in range(2)] == [200, 429]

    def test_knows_the_last_five_accounts(self) -> None:
        browser = Browser("one")
        for number in [0, 1, 2, 3, 4, 1, 5]:
            browser = browser.having(f"person{number}")
        assert [number for number in range(6) if browser.knows(f"person{number}")] == [1, 2, 3, 4, 5]

    def test_keeps_its_id(self, owner: Client) -> None:
        before = owner.cookies[COOKIE].value
        assert sign_in(owner).status_code == 302
        both = [
            signing.loads(each, salt=known_browsers.__name__)["id"] for each in (before, owner.cookies[COOKIE].value)
        ]
        assert both[0] == both[1]


class TestTheCookie:
    def test_is_set_by_a_right_password_alone(self, client: Client, person: User) -> None:
        sign_in(client, "wrong")
        assert COOKIE not in client.cookies

    def test_can_be_read_by_no_script_and_names_nobody(self, owner: Client, settings: Any) -> None:
        settings.SESSION_COOKIE_SECURE = True
        cookie = sign_in(owner).cookies[COOKIE]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["max-age"], cookie["path"]) == (180 * 86400, "/")
        assert "ada" not in str(signing.loads(cookie.value, salt=known_browsers.__name__))

    @pytest.mark.parametrize("value", ["", "x", "a:b:c", "\x00", '{"id": "1", "accounts": []}'])
    def test_of_another_make_counts_as_none(self, person: User, value: str) -> None:
        lock()
        browser = Client()
        browser.cookies[COOKIE] = value
        assert sign_in(browser).status_code == 429

    def test_is_over_after_half_a_year(self, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        lock()
        monkeypatch.setattr(known_browsers, "KNOWN_FOR", timedelta(seconds=-1))
        assert sign_in(owner).status_code == 429

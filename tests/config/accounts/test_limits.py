"""Limits on people: sign-in, sign-up, mails, buying, by address and by account; and few passwords at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from billing.models import Price
from config.accounts import hashing
from subscriptions import limits
from subscriptions.limits import TooMany, Try
from subscriptions.models import Customer, RateCount
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

SIGN_IN, ADMIN, SIGN_UP = "/accounts/login/", "/admin/login/", "/accounts/signup/"
RESET, CHANGE, ADDRESS = "/accounts/password_reset/", "/accounts/password_change/", "/account/address/"
PASSWORD = "correct horse battery"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that no quarter of an hour ends during a test."""
    monkeypatch.setattr(timezone, "now", lambda: NOON)


def at(address: str) -> dict[str, str]:
    return {"REMOTE_ADDR": address}


def wrong(client: Client, page: str = SIGN_IN, *, name: str = "ada", address: str = "192.0.2.1") -> Any:
    return client.post(page, {"username": name, "password": "wrong"}, **at(address))  # type: ignore[arg-type]


def is_refused(response: Any) -> bool:
    assert response.status_code in {200, 302, 303, 429}
    if response.status_code == 429:
        assert response["Retry-After"] == "900"
        assert "Too many tries. Please wait 15 min." in response.content.decode()
    return bool(response.status_code == 429)


class TestSignIn:
    @pytest.mark.parametrize("page", [SIGN_IN, ADMIN])
    def test_of_one_account_is_limited_from_all_addresses_and_in_all_spellings(
        self, client: Client, staff: User, page: str
    ) -> None:
        spelt = ["grace", "GRACE", "\uff27race"]  # The last with a wide G.
        refused = [
            is_refused(wrong(client, page, name=spelt[number % 3], address=f"192.0.2.{number}"))
            for number in range(12)
        ]
        assert refused == [False] * 10 + [True] * 2
        right = client.post(page, {"username": "grace", "password": PASSWORD})
        assert is_refused(right)
        assert "_auth_user_id" not in client.session

    @pytest.mark.parametrize("page", [SIGN_IN, ADMIN])
    def test_from_one_address_is_limited_for_all_accounts(self, client: Client, page: str) -> None:
        refused = [is_refused(wrong(client, page, name=f"person{number}")) for number in range(31)]
        assert refused == [False] * 30 + [True]
        assert not is_refused(wrong(client, page, address="192.0.2.2"))

    def test_keeps_the_name_that_was_typed(self, client: Client, settings: Any) -> None:
        settings.SIGN_IN_RATE_PER_ADDRESS = 1
        wrong(client)
        page = wrong(client).content.decode()
        assert 'name="username" value="ada"' in page.replace(" autofocus", "")

    def test_that_succeeds_does_not_count(self, person: User, local_stripe: LocalStripe) -> None:
        for _ in range(12):
            assert Client().post(SIGN_IN, {"username": "ada", "password": PASSWORD}).status_code == 302
        assert set(RateCount.objects.exclude(expires_at__lt=NOON).values_list("count", flat=True)) <= {0, 1}

    def test_begins_anew_after_a_quarter(
        self, client: Client, person: User, monkeypatch: pytest.MonkeyPatch, local_stripe: LocalStripe
    ) -> None:
        for _ in range(11):
            wrong(client)
        monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(minutes=15))
        assert client.post(SIGN_IN, {"username": "ada", "password": PASSWORD}).status_code == 302

    def test_without_a_password_does_not_count(self, client: Client) -> None:
        for _ in range(40):
            client.post(SIGN_IN, {"username": "ada"})
        assert not RateCount.objects.exists()

    def test_counts_the_address_that_our_proxy_saw(self, client: Client, settings: Any) -> None:
        settings.SIGN_IN_RATE_PER_ADDRESS, settings.TRUSTED_PROXIES = 1, 1
        for made_up in range(2):
            forwarded = f"198.51.100.{made_up}, 203.0.113.9"
            response = client.post(
                SIGN_IN, {"username": f"p{made_up}", "password": "no"}, headers={"X-Forwarded-For": forwarded}
            )
        assert is_refused(response)

    def test_ignores_a_made_up_address_without_a_proxy(self, client: Client, settings: Any) -> None:
        settings.SIGN_IN_RATE_PER_ADDRESS = 1
        for made_up in range(2):
            headers = {"X-Forwarded-For": f"198.51.100.{made_up}"}
            response = client.post(SIGN_IN, {"username": f"p{made_up}", "password": "no"}, headers=headers)
        assert is_refused(response)

    def test_0_is_no_limit(self, client: Client, settings: Any) -> None:
        settings.SIGN_IN_RATE_PER_ADDRESS = settings.SIGN_IN_RATE_PER_ACCOUNT = 0
        assert not any(is_refused(wrong(client)) for _ in range(40))
        assert not RateCount.objects.exists()

    @pytest.mark.parametrize("page", [CHANGE, "/admin/password_change/"])
    def test_guessing_the_old_password_counts_too(
        self, client: Client, staff: User, page: str, local_stripe: LocalStripe
    ) -> None:
        client.force_login(staff)
        form = {"old_password": "wrong", "new_password1": "blue-heron-42", "new_password2": "blue-heron-42"}
        refused = [is_refused(client.post(page, form)) for _ in range(11)]
        assert refused == [False] * 10 + [True]
        assert is_refused(client.post(page, form | {"old_password": PASSWORD}))
        assert User.objects.get().check_password(PASSWORD)

    def test_staff_change_their_password_in_the_admin(self, client: Client, staff: User) -> None:
        client.force_login(staff)
        assert "Site administration" in client.get("/admin/").content.decode()
        form = {"old_password": PASSWORD, "new_password1": "blue-heron-42", "new_password2": "blue-heron-42"}
        response = client.post("/admin/password_change/", form)
        assert (response.status_code, response["Location"]) == (302, "/admin/password_change/done/")
        assert User.objects.get().check_password("blue-heron-42")

    def test_the_admins_page_is_for_staff(self, customer_client: Client) -> None:
        assert customer_client.get("/admin/password_change/").status_code == 302


class TestSignUp:
    def form(self, number: int) -> dict[str, str]:
        return {
            "username": f"p{number}",
            "email": f"p{number}@example.com",
            "password1": PASSWORD,
            "password2": PASSWORD,
        }

    def test_is_limited_by_address_and_a_flood_makes_few_customers(
        self, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.SIGN_UP_RATE_PER_ADDRESS = 20
        refused = [is_refused(Client().post(SIGN_UP, self.form(number))) for number in range(25)]
        assert refused == [False] * 20 + [True] * 5
        assert (User.objects.count(), Customer.objects.count()) == (20, 5)
        assert local_stripe.calls == ["POST /v1/customers"] * 5

    def test_who_got_no_customer_gets_one_when_buying(
        self, client: Client, local_stripe: LocalStripe, price: Price, settings: Any
    ) -> None:
        settings.SIGN_IN_CUSTOMERS_PER_MINUTE = 1
        Client().post(SIGN_UP, self.form(1))
        local_stripe.forget_calls()
        client.post(SIGN_UP, self.form(2))
        assert local_stripe.calls == []
        assert client.post(f"/buy/{price.pk}/").status_code == 303
        assert Customer.objects.filter(email="p2@example.com").count() == 1

    def test_beyond_the_limit_says_nothing_of_the_address_and_keeps_what_was_typed(
        self, client: Client, person: User, settings: Any
    ) -> None:
        settings.SIGN_UP_RATE_PER_ADDRESS = 1
        for _ in range(2):
            response = client.post(SIGN_UP, self.form(1) | {"email": person.email, "password2": "other"})
        assert is_refused(response)
        page = response.content.decode()
        assert "already has an account" not in page
        assert 'value="ada@example.com"' in page

    def test_with_one_address_is_limited_from_everywhere(self, client: Client, settings: Any) -> None:
        settings.SIGN_UP_RATE_PER_ACCOUNT = 1
        spelt = ["p1@example.com", "P1@EXAMPLE.com"]
        answers = [client.post(SIGN_UP, {"email": email}, **at(f"192.0.2.{at_}")) for at_, email in enumerate(spelt)]  # type: ignore[arg-type]
        assert [is_refused(answer) for answer in answers] == [False, True]


class TestMail:
    def test_to_one_address_is_limited_from_everywhere(self, client: Client, person: User) -> None:
        spelt = ["ada@example.com", "ADA@example.com"]
        refused = [
            is_refused(client.post(RESET, {"email": spelt[number % 2]}, **at(f"192.0.2.{number}")))  # type: ignore[arg-type]
            for number in range(5)
        ]
        assert refused == [False] * 3 + [True] * 2
        assert len(mail.outbox) == 3

    def test_from_one_address_is_limited_to_all(self, client: Client) -> None:
        refused = [is_refused(client.post(RESET, {"email": f"p{number}@example.com"})) for number in range(11)]
        assert refused == [False] * 10 + [True]

    def test_to_confirm_an_address_counts_too(self, customer_client: Client, settings: Any) -> None:
        settings.MAIL_RATE_PER_ACCOUNT = 1
        customer_client.post(RESET, {"email": "ada@example.com"})
        response = customer_client.post(ADDRESS)
        assert (response.status_code, len(mail.outbox)) == (429, 1)

    def test_that_was_refused_is_not_called_sent_a_moment_later(self, customer_client: Client, settings: Any) -> None:
        settings.MAIL_RATE_PER_ACCOUNT = 1
        customer_client.post(RESET, {"email": "ada@example.com"})
        answers = [customer_client.post(ADDRESS).status_code for _ in range(2)]
        assert (answers, len(mail.outbox)) == ([429, 429], 1)


class TestBuying:
    def test_is_limited_by_account(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.BUY_RATE_PER_ACCOUNT = 2
        path = f"/buy/{price.pk}/"
        assert [is_refused(customer_client.post(path)) for _ in range(2)] == [False] * 2
        local_stripe.forget_calls()
        response = customer_client.post(path, {"quantity": "1"})
        assert is_refused(response)
        assert '<input type="hidden" name="quantity" value="1">' in response.content.decode()
        assert local_stripe.calls == []

    def test_is_limited_by_address(self, customer_client: Client, price: Price, settings: Any) -> None:
        settings.BUY_RATE_PER_ADDRESS = 1
        customer_client.post(f"/buy/{price.pk}/")
        assert is_refused(customer_client.post(f"/buy/{price.pk}/"))
        assert not is_refused(customer_client.post(f"/buy/{price.pk}/", **at("192.0.2.2")))  # type: ignore[arg-type]


class TestCounts:
    def test_say_nothing_of_whom_they_are_about(self) -> None:
        limits.take(Try("sign-in", "ada@example.com", 1), now=NOON)
        [row] = RateCount.objects.all()
        assert (len(row.pk), row.count, row.expires_at) == (64, 1, NOON + timedelta(minutes=15))

    def test_that_are_over_are_deleted_by_the_next_and_so_are_those_of_a_wrong_clock(self) -> None:
        for moment in (NOON - timedelta(hours=1), NOON + timedelta(days=40), NOON):
            limits.take(Try("sign-in", "ada", 1), now=moment)
        assert [row.expires_at for row in RateCount.objects.all()] == [NOON + timedelta(minutes=15)]

    @pytest.mark.needs_server("threads that write at once")
    @pytest.mark.django_db(transaction=True)
    def test_hold_for_tries_at_the_same_moment(self) -> None:
        start = threading.Barrier(8)

        def take(_: int) -> bool:
            start.wait()
            try:
                limits.take(Try("sign-in", "ada", 5), now=NOON)
            except TooMany:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(take, range(8))) == [False] * 3 + [True] * 5

    def test_an_ipv6_household_is_one_address(self) -> None:
        requests = [RequestFactory().get("/", REMOTE_ADDR=f"2001:db8:0:1::{host}") for host in (1, 2)]
        assert {limits.address_of(request) for request in requests} == {"2001:db8:0:1::/64"}


class TestHashing:
    @pytest.fixture
    def busy(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> hashing.Turns:
        """All turns are taken, and as many wait."""
        settings.PASSWORD_HASHERS = ["config.accounts.hashing.PBKDF2", "django.contrib.auth.hashers.MD5PasswordHasher"]
        settings.PASSWORD_HASHES_AT_ONCE = 1
        turns = hashing.Turns()
        turns._hashing = turns._waiting = 1
        monkeypatch.setattr(hashing, "turns", turns)
        return turns

    def test_is_djangos_own(self, settings: Any) -> None:
        settings.PASSWORD_HASHERS = ["config.accounts.hashing.PBKDF2"]
        made = hashers.make_password("heron")
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
        assert hashers.check_password("heron", made)
        assert not hashers.check_password("Heron", made)

    def test_one_too_many_is_told_to_come_back(self, client: Client, person: User, busy: hashing.Turns) -> None:
        response = client.post(SIGN_IN, {"username": "nobody", "password": "heron"})
        assert (response.status_code, response["Retry-After"]) == (503, "3")
        assert "Many people are signing in right now." in response.content.decode()
        assert set(RateCount.objects.values_list("count", flat=True)) == {0}

    def test_so_at_sign_up_with_what_was_typed(self, client: Client, busy: hashing.Turns) -> None:
        response = client.post(SIGN_UP, TestSignUp().form(1))
        assert (response.status_code, response["Retry-After"]) == (503, "3")
        assert 'value="p1@example.com"' in response.content.decode()
        assert not User.objects.exists()

    def test_so_on_every_other_page(self, customer_client: Client, busy: hashing.Turns) -> None:
        form = {"old_password": PASSWORD, "new_password1": "blue-heron-42", "new_password2": "blue-heron-42"}
        response = customer_client.post(CHANGE, form)
        assert (response.status_code, response["Retry-After"]) == (503, "3")
        assert "heron" not in response.content.decode()
        assert User.objects.get().password.startswith("md5$")

    def test_waits_for_its_turn(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.PASSWORD_HASHES_AT_ONCE = 1
        turns = hashing.Turns()
        began, done = threading.Event(), []

        def hash_one() -> None:
            began.set()
            turns.hash(lambda: done.append("second"))

        def hash_while_another_waits() -> None:
            thread.start()
            assert began.wait(5)
            done.append("first")

        thread = threading.Thread(target=hash_one)
        turns.hash(hash_while_another_waits)
        thread.join(5)
        assert done == ["first", "second"]

    def test_gives_up_after_a_while(self, busy: hashing.Turns, monkeypatch: pytest.MonkeyPatch) -> None:
        busy._waiting = 0
        monkeypatch.setattr(hashing, "SECONDS_TO_WAIT", 0.05)
        with pytest.raises(hashing.HashingBusy):
            hashers.make_password("heron")
        assert (busy._hashing, busy._waiting) == (1, 0)

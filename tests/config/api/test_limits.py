"""How often the API may be asked; the clock stands still, so that a minute does not end in the middle."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from subscriptions.api import rate_limits
from tests.config.api.conftest import Program, program_of, refused
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

MINUTE = 1_800_000_000


class Clock:
    def __init__(self) -> None:
        self.seconds = MINUTE + 18

    def time(self) -> int:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Clock:
    settings.API_RATE_PER_TOKEN, settings.API_RATE_PER_ADDRESS = 3, 2
    clock = Clock()
    monkeypatch.setattr(rate_limits, "time", clock)
    return clock


def codes(program: Program, path: str, times: int) -> list[int]:
    return [program.get(path).status_code for _ in range(times)]


class TestPerToken:
    def test_each_by_itself(self, clock: Clock, ada: Program, person: User) -> None:
        assert codes(ada, "me", 4) == [200, 200, 200, 429]
        assert codes(program_of(person), "me", 4) == [200, 200, 200, 429]

    def test_says_when_to_come_back(self, clock: Clock, ada: Program) -> None:
        codes(ada, "me", 3)
        answer = ada.get("me")
        assert refused(answer, 429, "rate_limited")["message"] == "Too many requests. Try again in 42 seconds."
        assert answer["Retry-After"] == "42"
        clock.seconds += 42
        assert ada.get("me").status_code == 200

    def test_one_too_many_does_nothing(self, clock: Clock, ada: Program, local_stripe: LocalStripe) -> None:
        codes(ada, "me", 3)
        refused(ada.post("createcustomer"), 429, "rate_limited")
        assert local_stripe.calls == []

    def test_are_no_limit_at_nought(self, clock: Clock, ada: Program, settings: Any) -> None:
        settings.API_RATE_PER_TOKEN = 0
        assert codes(ada, "me", 9) == [200] * 9


class TestPerAddress:
    def test_of_whoever_has_no_token(self, clock: Clock, stranger: Program) -> None:
        assert codes(stranger, "plans", 3) == [200, 200, 429]

    def test_of_those_turned_away(self, clock: Clock, stranger: Program) -> None:
        assert codes(stranger, "me", 3) == [401, 401, 429]

    def test_of_those_who_try_tokens(self, clock: Clock, stranger: Program, ada: Program) -> None:
        for expected in (401, 401, 429):
            stranger.token = f"sot_{expected}"
            assert stranger.get("me").status_code == expected
        # A good token from the same address is not held up by the bad ones.
        assert ada.get("me").status_code == 200

    def test_of_a_session(self, clock: Clock, customer_client: Client) -> None:
        assert [customer_client.get("/api/me").status_code for _ in range(3)] == [200, 200, 429]

    def test_each_by_itself(self, clock: Clock, stranger: Program) -> None:
        codes(stranger, "plans", 3)
        elsewhere = Program(client=Client(REMOTE_ADDR="192.0.2.7"))
        assert codes(elsewhere, "plans", 1) == [200]


class TestAddress:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "address"),
        [
            (0, "203.0.113.9", "192.0.2.1"),
            (1, "203.0.113.9", "203.0.113.9"),
            (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
            (2, "10.9.9.9, 203.0.113.9, 198.51.100.1", "203.0.113.9"),
            (2, "203.0.113.9", "192.0.2.1"),
            (1, "", "unknown"),
            (1, "nonsense\n", "unknown"),
            (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ],
    )
    def test_is_what_our_own_proxies_say(self, settings: Any, proxies: int, forwarded: str, address: str) -> None:
        settings.TRUSTED_PROXIES = proxies
        request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
        assert rate_limits.address_of(request) == address

    def test_without_any_is_unknown(self) -> None:
        assert rate_limits.address_of(RequestFactory().get("/", REMOTE_ADDR="")) == "unknown"

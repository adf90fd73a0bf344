"""What a clock that was forty days ahead has made: sessions and links that count as none once the clock is right."""

import time
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from config.accounts.tokens import reset_tokens
from subscriptions.customers import confirming

pytestmark = pytest.mark.django_db

AHEAD = timedelta(days=40)


class TestSession:
    def test_of_the_future_signs_nobody_in(self, customer_client: Client) -> None:
        assert customer_client.get("/account/").status_code == 200
        Session.objects.update(expire_date=timezone.now() + AHEAD)
        response = customer_client.get("/account/")
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/account/")

    def test_of_a_clock_a_little_ahead_is_good(self, customer_client: Client) -> None:
        [session] = Session.objects.all()
        Session.objects.update(expire_date=session.expire_date + timedelta(seconds=20))
        assert customer_client.get("/account/").status_code == 200


class TestResetLink:
    @pytest.mark.parametrize(
        ("ahead", "is_good"), [(timedelta(), True), (timedelta(seconds=20), True), (AHEAD, False)]
    )
    def test_of_the_future_is_bad(
        self, person: User, monkeypatch: pytest.MonkeyPatch, ahead: timedelta, *, is_good: bool
    ) -> None:
        with monkeypatch.context() as wrong:
            wrong.setattr(reset_tokens, "_now", lambda: datetime.now() + ahead)  # noqa: DTZ005  (as Django does)
            token = reset_tokens.make_token(person)
        assert reset_tokens.check_token(person, token) is is_good

    def test_bad_ones_stay_bad(self, person: User) -> None:
        assert [reset_tokens.check_token(person, token) for token in (None, "", "x", "abc-def", "é-1")] == [False] * 5


class TestAddressLink:
    @pytest.mark.parametrize(("ahead", "is_good"), [(0, True), (20, True), (AHEAD.total_seconds(), False)])
    def test_of_the_future_is_bad(
        self, person: User, monkeypatch: pytest.MonkeyPatch, ahead: float, *, is_good: bool
    ) -> None:
        now = time.time()
        with monkeypatch.context() as wrong:
            wrong.setattr(time, "time", lambda: now + ahead)
            token = confirming.token_for(person)
        if is_good:
            confirming.check(user=person, token=token)
        else:
            with pytest.raises(confirming.BadLink):
                confirming.check(user=person, token=token)

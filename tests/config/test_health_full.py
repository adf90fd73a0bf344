"""`/healthz?full`: the sync's health for monitors, and for staff alone."""

from datetime import timedelta
from typing import Any, NoReturn

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from subscriptions.customers import api_tokens
from subscriptions.models import ApiToken
from tests import joins
from tests.subscriptions.books import HOUR, event, full_run, in_step, many_rows
from tests.wording import starting

pytestmark = pytest.mark.django_db

FULL = "/healthz?full"
MAY_NOT = {"error": {"code": "forbidden", "message": "The sync's health is for staff who may view sync runs."}}
WHO = {
    "error": {
        "code": "unauthenticated",
        "message": "Send a staff person's API token as Authorization: Bearer TOKEN.",
    }
}


def token_of(user: User) -> str:
    return api_tokens.create(user=user, name="monitor", now=timezone.now())[1]


def ask(client: Client, token: str) -> Any:
    return client.get(FULL, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def token(staff: User) -> str:
    return token_of(staff)


class TestWhoMayAsk:
    def test_staff_by_token(self, client: Client, token: str) -> None:
        in_step(timezone.now())
        response = ask(client, token)
        assert (response.status_code, response.json()["status"]) == (200, "ok")
        assert "no-store" in response["Cache-Control"]

    def test_staff_by_session(self, client: Client, staff: User) -> None:
        in_step(timezone.now())
        client.force_login(staff)
        assert client.get(FULL).status_code == 200

    def test_nobody_else(self, client: Client) -> None:
        response = client.get(FULL)
        assert (response.status_code, response.json(), response["WWW-Authenticate"]) == (401, WHO, "Bearer")

    @pytest.mark.parametrize("wrong", ["", "sot_wrong", "wrong", "sot_\x00", "sot_ä"])
    def test_nobody_by_a_wrong_token(self, client: Client, staff: User, wrong: str) -> None:
        client.force_login(staff)
        response = ask(client, wrong)
        assert (response.status_code, response.json()) == (401, WHO)

    def test_nobody_by_a_revoked_one(self, client: Client, token: str) -> None:
        ApiToken.objects.update(revoked_at=timezone.now())
        assert ask(client, token).status_code == 401

    def test_nobody_by_a_password(self, client: Client, staff: User) -> None:
        response = client.get(FULL, headers={"Authorization": "Basic Z3JhY2U6eA=="})
        assert response.status_code == 401

    def test_no_customer(self, client: Client, person: User) -> None:
        response = ask(client, token_of(person))
        assert (response.status_code, response.json()) == (403, MAY_NOT)
        client.force_login(person)
        response = client.get(FULL)
        assert (response.status_code, response.json()) == (403, MAY_NOT)

    def test_nobody_who_is_no_longer_staff(self, client: Client, staff: User, token: str) -> None:
        User.objects.update(is_staff=False)
        assert ask(client, token).status_code == 403

    def test_only_by_reading(self, client: Client, token: str) -> None:
        response = client.post(FULL, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 405

    def test_the_short_answer_stays_for_anyone(self, client: Client, person: User, token: str) -> None:
        client.force_login(person)
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/healthz", headers={"Authorization": "Bearer wrong"}).json() == {"status": "ok"}


class TestAnswer:
    def test_of_a_sync_that_is_well(self, client: Client, token: str) -> None:
        now = timezone.now()
        in_step(now)
        full_run(now, drift=1, drifted=["sub_1"], stripe_calls=104)
        event(now, "evt_1")
        event(now, "evt_2", source="sync")
        answer = ask(client, token).json()
        for name in ("checked_at", "watermark_at", "lag_seconds"):
            assert answer.pop(name)
        for part, name in (("pass", "last_at"), ("pass", "age_seconds"), ("full", "last_at"), ("full", "age_seconds")):
            assert answer[part].pop(name)
        assert answer["webhooks"].pop("last_at") == starting(f"{now - HOUR:%Y-%m-%dT%H:%M}")
        assert answer == {
            "status": "ok",
            "problems": [],
            "warnings": [],
            "pass": {"interval_seconds": 30, "failing_since_at": None, "last_error": ""},
            "full": {
                "every_hours": 24,
                "is_under_way": False,
                "drift": 1,
                "drifted": ["sub_1"],
                "unknown": 0,
                "unknown_ids": [],
            },
            "webhooks": {"is_silent": False},
            "events": {
                "by_webhook": {"total": 1, "last_day": 1},
                "by_sync_alone": {"total": 1, "last_day": 1},
                "failed": [],
            },
            "stripe_calls": {"total": 250, "passes": 200, "per_pass": 1.25, "last_day_in_runs_with_work": 104},
        }

    def test_is_503_with_the_reason_when_something_is_wrong(self, client: Client, token: str) -> None:
        now = timezone.now()
        in_step(now, last_pass_at=now - timedelta(minutes=6))
        event(now, "evt_1", state="failed", attempts=20)
        response = ask(client, token)
        answer = response.json()
        assert (response.status_code, answer["status"]) == (503, "problem")
        assert [note["code"] for note in answer["problems"]] == ["stale_pass", "events_failed"]
        assert answer["problems"][0]["message"] == "The last complete pass was 6 min ago. Is the sync running?"
        [failed] = answer["events"]["failed"]
        assert failed.pop("oldest_at") == starting("20")
        assert failed == {"type": "invoice.paid", "events": 1, "given_up": 1}

    def test_before_the_first_sync(self, client: Client, token: str) -> None:
        response = ask(client, token)
        assert response.status_code == 503
        assert [note["code"] for note in response.json()["problems"]] == ["no_pass"]

    def test_is_200_when_webhooks_are_silent(self, client: Client, token: str) -> None:
        now = timezone.now()
        in_step(now)
        for number in range(3):
            event(now, f"evt_{number}", source="sync")
        response = ask(client, token)
        assert response.status_code == 200
        assert response.json()["webhooks"] == {"last_at": None, "is_silent": True}
        assert [note["code"] for note in response.json()["warnings"]] == ["webhooks_silent"]

    @pytest.mark.only_on("sqlite", "postgresql")  # Django's hook for queries does not reach MongoDB's.
    def test_is_503_when_the_database_does_not_answer(self, client: Client, token: str) -> None:
        def broken(*_: Any) -> NoReturn:
            raise OperationalError("the server closed the connection")

        with connection.execute_wrapper(broken):
            response = ask(client, token)
        assert (response.status_code, response.json()) == (503, {"status": "unavailable"})


class TestQueries:
    @pytest.mark.parametrize("rows", [1, 300])
    def test_do_not_grow_with_rows(
        self, client: Client, token: str, django_assert_num_queries: Any, rows: int
    ) -> None:
        now = timezone.now()
        in_step(now)
        many_rows(now, rows)
        # Whether the database answers, the token and, once a minute, its use, and eight for the health.
        with django_assert_num_queries(joins.queries(11, links=1)):
            ask(client, token)

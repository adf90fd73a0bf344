"""The stand-in answers byte for byte what the sandbox answers."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from django.utils import timezone

from benchmarks.jobs import rows
from benchmarks.standin.recording import Answer, Recording
from benchmarks.standin.server import Server, Traffic
from benchmarks.standin.world import World
from subscriptions.models import Subscription
from subscriptions.sync import incremental
from tests.benchmarks.conftest import SUBSCRIPTIONS

ALL = "/v1/subscriptions?status=all&limit=100"


class TestRecording:
    @pytest.mark.parametrize(
        "target",
        [
            ALL,
            f"{ALL}&expand[0]=data.customer&expand[1]=data.schedule",
            f"{ALL}&expand[0]=data.customer&expand[1]=data.latest_invoice",
            f"{ALL}&starting_after=sub_{99:024}",
            f"{ALL}&starting_after=sub_{SUBSCRIPTIONS - 1:024}",
            f"{ALL}&created[lte]={{middle}}",
            f"{ALL}&created[gt]={{middle}}&starting_after=sub_{3:024}",
            f"{ALL}&created[gte]={{middle}}&created[lt]={{now}}",
            "/v1/subscriptions?status=past_due",
            "/v1/subscriptions?limit=3",
            f"/v1/subscriptions/sub_{7:024}",
            f"/v1/subscriptions/sub_{7:024}?expand[0]=latest_invoice",
            f"/v1/customers/cus_{7:014}",
            "/v1/customers?limit=5",
            "/v1/invoices?limit=100&created[gte]={middle}",
            "/v1/invoices?limit=100&status=open",
            "/v1/products?active=true&limit=100",
            "/v1/prices?active=false",
            "/v1/promotion_codes?limit=100&expand[0]=data.promotion.coupon",
            "/v1/refunds?limit=100",
            "/v1/events?limit=100&types[0]=customer.subscription.updated&created[gte]={middle}",
        ],
    )
    def test_answers_as_the_sandbox_does(self, world: World, target: str) -> None:
        recording = Recording(world)
        target = target.format(middle=world.now - 40_000_000, now=world.now)
        first, again = recording.answer("GET", target), recording.answer("GET", target)
        assert first == again == recording.ask("GET", target)
        assert first.status == HTTPStatus.OK

    @pytest.mark.parametrize(
        ("target", "status"),
        [
            (f"{ALL}&starting_after=sub_nowhere", HTTPStatus.BAD_REQUEST),
            (f"{ALL}&colour=red", HTTPStatus.BAD_REQUEST),
            (f"{ALL}&expand[0]=customer", HTTPStatus.BAD_REQUEST),
            ("/v1/subscriptions?limit=1000", HTTPStatus.BAD_REQUEST),
            ("/v1/subscriptions/sub_nowhere", HTTPStatus.NOT_FOUND),
        ],
    )
    def test_refuses_as_the_sandbox_does(self, world: World, target: str, status: HTTPStatus) -> None:
        recording = Recording(world)
        answer, asked = recording.answer("GET", target), recording.ask("GET", target)
        assert answer.status == asked.status == status
        assert _error(answer) == _error(asked)

    def test_tells_of_a_change(self) -> None:
        world = World(30)
        recording = Recording(world)
        one, listed = f"/v1/subscriptions/sub_{4:024}", f"{ALL}&expand[0]=data.customer"
        events = "/v1/events?limit=100&types[0]=customer.subscription.updated"
        before = [recording.answer("GET", target) for target in (one, listed, events)]
        recording.forget("subscription", world.change(first=4, clear=1, unclear=1))
        after = [recording.answer("GET", target) for target in (one, listed, events)]
        assert after == [recording.ask("GET", target) for target in (one, listed, events)]
        assert [was == now for was, now in zip(before, after, strict=True)] == [False, False, False]
        assert len(json.loads(after[2].body)["data"]) == 3

    def test_answers_every_call_of_a_sync_as_the_sandbox_does(
        self, server: Server, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first fills an empty database, the second finds nothing to write."""
        answered: dict[str, Answer] = {}
        answer = server.recording.answer

        def kept(method: str, target: str, body: bytes = b"") -> Answer:
            answered[target] = answer(method, target, body)
            return answered[target]

        monkeypatch.setattr(server.recording, "answer", kept)
        runs = [incremental.run(full=True, now=timezone.now())[0] for _ in range(2)]
        assert [run.is_complete for run in runs] == [True, True]
        assert [run.updated for run in runs] == [SUBSCRIPTIONS, 0]
        assert {target.partition("?")[0] for target in answered} >= {"/v1/events", "/v1/subscriptions", "/v1/invoices"}
        for target, given in answered.items():
            assert given == server.recording.ask("GET", target)


class TestWorld:
    def test_has_rows_that_a_sync_would_have_written(self, server: Server, db: None) -> None:
        """Rows written in bulk are equal to those of a first sync."""
        incremental.run(full=True, now=timezone.now())
        synced = [_columns(row) for row in Subscription.objects.order_by("pk")]
        Subscription.objects.all().delete()
        rows.fill(subscriptions=SUBSCRIPTIONS)
        assert [_columns(row) for row in Subscription.objects.order_by("pk")] == synced

    def test_keeps_to_the_contract(self, world: World) -> None:
        for kind in ("subscription", "customer", "invoice"):
            assert len(list(world.account.store.scan(kind))) == SUBSCRIPTIONS
        for target in (f"{ALL}&expand[0]=data.customer", "/v1/invoices?limit=100"):
            Recording(world).answer("GET", target)
        assert world.account.violations == []


class TestTraffic:
    def test_refuses_what_is_too_fast_for_one_endpoint(self) -> None:
        traffic = Traffic(per_second=25)
        assert [traffic.admit("GET /v1/a", 10 + 0.01 * call) for call in range(26)] == [True] * 25 + [False]
        assert traffic.admit("GET /v1/b", 10.3)
        assert traffic.admit("GET /v1/a", 11.0)
        assert not traffic.admit("GET /v1/a", 11.001)
        assert traffic.told()["refused"] == {"GET /v1/a": 2}

    def test_counts_by_endpoint(self, server: Server) -> None:
        for number in range(3):
            server.reply("GET", f"/v1/subscriptions/sub_{number:024}", b"")
        server.reply("GET", ALL, b"")
        assert server.control("traffic", {})["calls"] == {
            "GET /v1/subscriptions/{subscription_exposed_id}": 3,
            "GET /v1/subscriptions": 1,
        }
        server.control("forget", {})
        assert server.control("traffic", {})["calls"] == {}

    def test_answers_429_beyond_the_limit(self, server: Server) -> None:
        server.control("settings", {"latency_ms": 0, "per_second": 1})
        answers = [server.reply("GET", "/v1/products", b"") for _ in range(2)]
        assert [answer.status for answer in answers] == [HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS]
        assert json.loads(answers[1].body)["error"]["code"] == "rate_limit"


def _error(answer: Answer) -> dict[str, Any]:
    """The error, without the address of its request's log: each request has its own."""
    error: dict[str, Any] = json.loads(answer.body)["error"]
    del error["request_log_url"]
    return error


def _columns(row: Subscription) -> dict[str, Any]:
    own = {"known_from", "known_until", "version", "unsaved_history_line", "past_due_since_at"}
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name not in own}

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.gateway.snapshots import Event, Snapshot, moment

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "type": "product.updated",
        "created": int(NOON.timestamp()),
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "prod_1", "object": "product"}},
        **changes,
    }


class TestMoment:
    def test_reads_seconds_as_utc(self) -> None:
        assert moment(1_795_176_000) == datetime(2026, 11, 20, 12, tzinfo=UTC)

    def test_knows_the_first_second(self) -> None:
        assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)

    def test_leaves_nothing_as_nothing(self) -> None:
        assert moment(None) is None


class TestFetched:
    def test_was_true_between_sending_and_answer(self) -> None:
        snapshot = Snapshot.fetched({"id": "prod_1"}, date=NOON, took=timedelta(seconds=2))
        assert snapshot.known_from == NOON - timedelta(seconds=3)
        assert snapshot.known_until == NOON

    def test_allows_for_the_second_that_stripe_rounds_away(self) -> None:
        snapshot = Snapshot.fetched({"id": "prod_1"}, date=NOON, took=timedelta(0))
        assert snapshot.known_from == NOON - timedelta(seconds=1)

    def test_begins_at_a_millisecond_on_the_safe_side(self) -> None:
        snapshot = Snapshot.fetched({"id": "prod_1"}, date=NOON, took=timedelta(microseconds=1_500))
        assert snapshot.known_from == NOON - timedelta(seconds=1, milliseconds=2)

    def test_a_replayed_answer_may_be_as_old_as_its_object(self) -> None:
        created = int(NOON.timestamp()) - 3600
        snapshot = Snapshot.replayed({"id": "prod_1", "created": created}, date=NOON)
        assert (snapshot.known_from, snapshot.known_until) == (NOON - timedelta(hours=1), NOON)

    def test_a_part_was_read_with_the_whole(self) -> None:
        whole = Snapshot.fetched({"id": "prod_1"}, date=NOON, took=timedelta(seconds=2))
        part = whole.part({"id": "price_1"})
        assert part == Snapshot({"id": "price_1"}, whole.known_from, whole.known_until)

    def test_says_whose_it_is_and_whether_it_is_gone(self) -> None:
        there = Snapshot({"id": "cus_1"}, NOON, NOON)
        gone = Snapshot({"id": "cus_1", "deleted": True}, NOON, NOON)
        assert (there.id, there.is_deletion) == ("cus_1", False)
        assert (gone.id, gone.is_deletion) == ("cus_1", True)


class TestEvent:
    def test_reads_a_payload(self) -> None:
        assert Event.from_payload(payload()) == Event(
            id="evt_1",
            type="product.updated",
            created_at=NOON,
            api_version="2026-10-28.endive",
            object={"id": "prod_1", "object": "product"},
        )

    def test_is_a_state_at_one_second(self) -> None:
        snapshot = Event.from_payload(payload()).snapshot
        assert snapshot == Snapshot({"id": "prod_1", "object": "product"}, NOON, NOON)
        assert not snapshot.is_deletion

    def test_may_come_without_a_version(self) -> None:
        assert Event.from_payload(payload(api_version=None)).api_version == ""

    @pytest.mark.parametrize(
        ("kind", "what", "is_gone"),
        [
            ("product.deleted", "product", True),
            ("price.deleted", "price", True),
            ("customer.deleted", "customer", True),
            ("customer.subscription.deleted", "subscription", False),
            ("customer.updated", "customer", False),
        ],
    )
    def test_a_subscription_ends_where_others_are_deleted(self, kind: str, what: str, *, is_gone: bool) -> None:
        event = Event.from_payload(payload(type=kind, data={"object": {"id": "x_1", "object": what}}))
        assert event.snapshot.is_deletion is is_gone
        assert "deleted" not in event.object

    @pytest.mark.parametrize("field", ["id", "type", "created", "data"])
    def test_refuses_a_payload_that_lacks_something(self, field: str) -> None:
        broken = payload()
        del broken[field]
        with pytest.raises(ValueError, match="not a Stripe event"):
            Event.from_payload(broken)

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": ""},
            {"id": None},
            {"id": 7},
            {"id": ["evt_1"]},
            {"id": "evt_" + "1" * 252},
            {"type": {}},
            {"created": None},
            {"created": "yesterday"},
            {"created": float("nan")},
            {"created": float("inf")},
            {"created": 10**30},
            {"created": -(10**30)},
            {"created": []},
            {"data": None},
            {"data": []},
            {"data": "object"},
            {"data": {}},
            {"data": {"object": None}},
            {"data": {"object": 1}},
            {"data": {"object": "prod_1"}},
            {"data": {"object": []}},
            {"data": {"object": [["id", "prod_1"]]}},
        ],
    )
    def test_refuses_a_malformed_one(self, changes: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="not a Stripe event"):
            Event.from_payload(payload(**changes))

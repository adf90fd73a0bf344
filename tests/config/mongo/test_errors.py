"""Errors of MongoDB's driver say what happened, and nothing of what documents hold."""

from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest
from django.db import DatabaseError, IntegrityError, connection
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from config.mongo.backend.errors import described, description
from subscriptions.models import Customer, WebhookEvent
from subscriptions.webhooks import inbox

DUPLICATE = 'E11000 duplicate key error collection: shop.user index: email_1 dup key: { email: "ada@example.com" }'
MAY = datetime(2026, 5, 3, tzinfo=UTC)
ANSWER = {"keyValue": {"email": "ada@example.com"}}


def bulk_error(**details: Any) -> BulkWriteError:
    return BulkWriteError({"writeErrors": [], "writeConcernErrors": [], **details})


class TestDescription:
    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (AutoReconnect("db:27017: connection closed"), "AutoReconnect: db:27017: connection closed"),
            (
                ServerSelectionTimeoutError("No primary, Timeout: 20s, Topology Description: <>"),
                "ServerSelectionTimeoutError: No primary",
            ),
            (OperationFailure("not authorized on shop", 13, {"ok": 0}), "OperationFailure: not authorized on shop"),
            (
                DuplicateKeyError(DUPLICATE, 11000, ANSWER),
                "DuplicateKeyError: E11000 duplicate key error collection: shop.user index: email_1",
            ),
            (
                bulk_error(writeErrors=[{"errmsg": DUPLICATE, "op": ANSWER}]),
                "BulkWriteError: E11000 duplicate key error collection: shop.user index: email_1",
            ),
            (bulk_error(writeConcernErrors=[{"errmsg": "timed out"}]), "BulkWriteError: timed out"),
            (bulk_error(), "BulkWriteError: the write failed"),
        ],
        ids=repr,
    )
    def test_names_the_error_and_its_reason(self, error: PyMongoError, text: str) -> None:
        assert description(error) == text


class TestDescribed:
    def test_keeps_a_message(self) -> None:
        with pytest.raises(DatabaseError, match=r"^as it was$"), described():
            raise DatabaseError("as it was") from AutoReconnect("closed")

    def test_errors_of_the_driver_are_errors_of_the_database(self) -> None:
        with pytest.raises(DatabaseError, match=r"^BulkWriteError: timed out$"), described():
            raise bulk_error(writeConcernErrors=[{"errmsg": "timed out"}])

    def test_leaves_others_alone(self) -> None:
        with pytest.raises(DatabaseError) as raised, described():
            raise DatabaseError
        assert raised.value.args == ()


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("mongodb")
class TestQueries:
    def test_a_duplicate_key_names_the_index_and_not_the_value(self) -> None:
        with pytest.raises(IntegrityError, match=r"^BulkWriteError: E11000 duplicate key error") as error:
            Customer.objects.bulk_create([Customer(pk="cus_1"), Customer(pk="cus_1")])
        assert "cus_1" not in str(error.value)

    @pytest.mark.parametrize("method", ["aggregate", "insert_many", "update_one", "update_many", "delete_many"])
    def test_of_every_kind_have_a_message(self, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = WebhookEvent.objects
        queries = {
            "aggregate": rows.first,
            "insert_many": lambda: rows.bulk_create([WebhookEvent(pk="evt_1", stripe_created_at=MAY)]),
            "update_one": lambda: rows.filter(pk="evt_1").update(type="x"),
            "update_many": lambda: rows.update(type="x"),
            "delete_many": lambda: rows.all().delete(),
        }
        monkeypatch.setattr(type(connection.get_collection("x")), method, away, raising=False)
        with pytest.raises(DatabaseError, match=r"^AutoReconnect: db:27017: connection closed$"):
            queries[method]()

    def test_in_the_midst_of_reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(connection.get_collection("x")), "aggregate", lambda *_, **__: map(away, [1]))
        with pytest.raises(DatabaseError, match=r"^AutoReconnect: db:27017: connection closed$"):
            list(WebhookEvent.objects.iterator())

    def test_reach_the_inbox(self) -> None:
        entry = WebhookEvent(pk="evt_1")
        try:
            with described():
                away()
        except DatabaseError as error:
            text = inbox._described(error)
        assert text.endswith("django.db.utils.DatabaseError: AutoReconnect: db:27017: connection closed\n"), entry


def away(*_: Any, **__: Any) -> NoReturn:
    raise AutoReconnect("db:27017: connection closed")

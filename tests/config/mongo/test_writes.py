"""Writes to one document are sent as such, so that the driver repeats them after an election."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.sessions import SessionStore
from subscriptions.models import SyncState, WebhookEvent
from subscriptions.sync import lease
from subscriptions.webhooks import inbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("mongodb")]

Write = Callable[[], Any]
Rows = WebhookEvent.objects


@pytest.fixture(autouse=True)
def events() -> None:
    for pk in ("evt_1", "evt_2", "evt_3"):
        Rows.create(pk=pk, type="price.created", stripe_created_at=datetime(2026, 5, 3, tzinfo=UTC))


def sent(write: Write) -> list[str]:
    """Return the names of the methods that the backend called on a collection."""
    with CaptureQueriesContext(connection) as captured:
        write()
    return [query["sql"].partition("(")[0].rpartition(".")[2] for query in captured.captured_queries]


ONE: dict[str, Write] = {
    "by its key": lambda: Rows.filter(pk="evt_1").update(type="x"),
    "by its key, and more": lambda: Rows.filter(Q(type="a") | Q(type="b"), pk="evt_1", error="").update(type="x"),
    "by its key and a range": lambda: Rows.filter(pk="evt_1", received_at__lt=timezone.now()).update(type="x"),
    "by a list of one": lambda: Rows.filter(pk__in=["evt_1"]).update(type="x"),
    "by its key, in two steps": lambda: Rows.filter(pk="evt_1").exclude(type="z").update(type="x"),
    "counting up": lambda: Rows.filter(pk="evt_1").update(attempts=F("attempts") + 1),
    "an object": lambda: Rows.defer("payload")[0].save(update_fields=["type"]),
}
SEVERAL: dict[str, Write] = {
    "of a state": lambda: Rows.filter(type="price.created").update(type="x"),
    "all": lambda: Rows.update(type="x"),
    "by a list": lambda: Rows.filter(pk__in=["evt_1", "evt_2"]).update(type="x"),
    "by one key or the other": lambda: Rows.filter(Q(pk="evt_1") | Q(pk="evt_2")).update(type="x"),
    "by a key or something else": lambda: Rows.filter(Q(pk="evt_1") | Q(type="a")).update(type="x"),
    "all but one": lambda: Rows.exclude(pk="evt_1").update(type="x"),
    "above a key": lambda: Rows.filter(pk__gt="evt_1").update(type="x"),
}


class TestUpdate:
    @pytest.mark.parametrize("how", ONE)
    def test_of_one(self, how: str) -> None:
        assert sent(ONE[how])[-1] == "update_one"

    @pytest.mark.parametrize("how", SEVERAL)
    def test_of_several(self, how: str) -> None:
        assert sent(SEVERAL[how]) == ["update_many"]

    def test_counts_what_it_found(self) -> None:
        assert Rows.filter(pk="evt_1", type="price.created").update(type="x") == 1
        assert Rows.filter(pk="evt_1", type="price.created").update(type="y") == 0
        assert Rows.filter(pk="evt_1", type="x").update(type="x") == 1
        assert Rows.filter(pk__in=[]).update(type="z") == 0
        assert sorted(Rows.values_list("pk", "type")) == [
            ("evt_1", "x"),
            ("evt_2", "price.created"),
            ("evt_3", "price.created"),
        ]


class TestDelete:
    def test_of_one(self) -> None:
        assert sent(lambda: Rows.get(pk="evt_1").delete())[-1] == "delete_one"
        assert sent(lambda: Rows.filter(pk="evt_2").delete())[-1] == "delete_one"
        assert list(Rows.values_list("pk", flat=True)) == ["evt_3"]

    def test_of_several(self) -> None:
        assert sent(lambda: Rows.filter(type="price.created").delete())[-1] == "delete_many"
        assert Rows.count() == 0

    def test_counts_what_it_deleted(self) -> None:
        assert Rows.filter(pk="evt_1").delete() == (1, {"subscriptions.WebhookEvent": 1})
        assert Rows.filter(pk="evt_1").delete() == (0, {})


class TestSession:
    def test_is_one_document_though_its_key_is_no_id(self) -> None:
        session = SessionStore()
        session.create()
        session["a"] = 1
        assert sent(session.save)[-1] == "update_one"
        assert sent(lambda: Session.objects.filter(pk=session.session_key).delete())[-1] == "delete_one"


@pytest.fixture
def election() -> Iterator[Callable[[str], None]]:
    """Have the server close the connection instead of doing the next command of a name, as in an election."""
    admin = connection.connection.admin

    def refuse(command: str) -> None:
        data = {"failCommands": [command], "closeConnection": True}
        admin.command({"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": data})

    yield refuse
    admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@pytest.mark.needs_server("refuses commands on request")
class TestElection:
    def test_does_not_disturb_a_lease(self, election: Callable[[str], None]) -> None:
        SyncState.objects.create(pk=SyncState.THE_ONE)
        election("update")
        with lease.held() as holder:
            election("update")
            lease.advance(holder, passes=F("passes") + 1)
            assert SyncState.objects.get().passes == 1
            election("update")
        assert SyncState.objects.get().lease_holder == ""

    def test_does_not_disturb_a_claim(self, election: Callable[[str], None]) -> None:
        election("update")
        assert inbox.claim(Rows.get(pk="evt_1"))
        assert Rows.get(pk="evt_1").attempts == 1

    def test_does_not_disturb_a_session(self, election: Callable[[str], None]) -> None:
        election("insert")
        session = SessionStore()
        session.create()
        session["a"] = 1
        election("update")
        session.save()
        assert SessionStore(session.session_key)["a"] == 1
        election("delete")
        session.delete()
        assert Session.objects.count() == 0

    def test_ends_what_is_sent_for_several(self, election: Callable[[str], None]) -> None:
        """As the driver has it; that this fails shows that the tests above see an election."""
        election("update")
        with pytest.raises(DatabaseError, match=r"^AutoReconnect: .*connection closed"):
            Rows.filter(type="price.created").update(type="x")

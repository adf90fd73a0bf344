"""`migrate` on MongoDB: one that was cut off anywhere is finished by the next, and two at once take turns."""

from collections.abc import Iterator
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from config.mongo import migrating
from subscriptions.models import RateCount

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("mongodb")]

# The driver's methods that change a database, of those that migrations call.
CHANGES = {"create_collection", "create_indexes", "create_index", "drop_index", "update_many", "rename", "drop"}
CHANGES |= {"insert_many", "insert_one", "delete_one", "delete_many"}


class CutOff(BaseException):
    """As Ctrl-C or a machine that stops: nothing in `migrate` handles it."""


class Scissors:
    """Cuts `migrate` off after so many changes of the database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        for owner in (type(connection.database), type(connection.database["any"])):
            for name in CHANGES & vars(owner).keys():
                monkeypatch.setattr(owner, name, self._counted(vars(owner)[name]))

    def _counted(self, method: Any) -> Any:
        def counted(*args: Any, **options: Any) -> Any:
            result = method(*args, **options)
            if self.left is not None:
                self.left -= 1
                if self.left == 0:
                    raise CutOff
            return result

        return counted


@pytest.fixture
def scissors(monkeypatch: pytest.MonkeyPatch) -> Scissors:
    return Scissors(monkeypatch)


@pytest.fixture
def empty_database() -> Iterator[None]:
    """Use an empty database during a test."""
    before = connection.settings_dict["NAME"]
    use(f"{before}_empty")
    yield
    connection.connection.drop_database(f"{before}_empty")
    use(before)


def use(name: str) -> None:
    connection.ensure_connection()
    connection.settings_dict["NAME"] = name
    connection.database = connection.connection[name]


def contents() -> Any:
    """Return each collection with its indexes and how many documents `migrate` has written into it."""
    names = set(connection.database.list_collection_names()) - {migrating.COLLECTION}
    kept = ("django_content_type", "auth_permission", "django_migrations")
    return (
        {name: connection.database[name].index_information() for name in names},
        {name: connection.database[name].count_documents({}) for name in kept},
    )


class TestCutOff:
    def test_after_every_change(self, scissors: Scissors, request: pytest.FixtureRequest) -> None:
        whole = contents()
        request.getfixturevalue("empty_database")
        executor = MigrationExecutor(connection)
        executor.recorder.ensure_schema()
        state = executor._create_project_state()
        cuts = 0
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
            cuts += self.apply_with_cuts(executor, scissors, state, migration)
            migration.mutate_state(state, preserve=False)
        assert cuts > 150
        call_command("migrate", verbosity=0)
        assert contents() == whole

    def apply_with_cuts(
        self, executor: MigrationExecutor, scissors: Scissors, state: Any, migration: Migration
    ) -> int:
        """Apply a migration, cut off after its first change, again, cut off after its second one, and so on."""
        cuts = 0
        while (migration.app_label, migration.name) not in executor.recorder.applied_migrations():
            scissors.left = cuts + 1
            try:
                executor.apply_migration(state.clone(), migration)
            except CutOff:
                cuts += 1
            scissors.left = None
        return cuts

    @pytest.mark.parametrize("changes", [1, 2, 30])
    def test_of_the_command(self, scissors: Scissors, request: pytest.FixtureRequest, changes: int) -> None:
        whole = contents()
        request.getfixturevalue("empty_database")
        scissors.left = changes
        with pytest.raises(CutOff):
            call_command("migrate", verbosity=0)
        scissors.left = None
        connection.database[migrating.COLLECTION].delete_many({})
        call_command("migrate", verbosity=0)
        assert contents() == whole

    def test_a_collection_of_something_else_is_refused(self) -> None:
        RateCount.objects.create(pk="a", expires_at=timezone.now())
        with (
            pytest.raises(
                DatabaseError, match=r"^The collection subscriptions_ratecount is there already and has doc"
            ),
            connection.schema_editor() as editor,
        ):
            editor.create_model(RateCount)
        assert RateCount.objects.count() == 1


class TestRemoving:
    def test_may_be_repeated(self) -> None:
        """A later migration can be cut off as well."""
        plain, indexed, unique = (
            models.CharField(max_length=9, **kind) for kind in ({}, {"db_index": True}, {"unique": True})
        )
        for field in (plain, indexed, unique):
            field.set_attributes_from_name("note")
        before = contents()
        with connection.schema_editor() as editor:
            for field in (indexed, unique):
                editor.add_field(RateCount, field)
                for _ in range(2):
                    editor.remove_field(RateCount, field)
                editor.alter_field(RateCount, plain, field, strict=True)
                for _ in range(2):
                    editor.alter_field(RateCount, field, plain, strict=True)
            for _ in range(2):
                editor.alter_db_table(RateCount, "subscriptions_ratecount", "other")
            for _ in range(2):
                editor.alter_db_table(RateCount, "other", "subscriptions_ratecount")
        assert contents() == before


class TestTwoAtOnce:
    def test_take_turns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(migrating, "LOOK_SECONDS", 0.01)
        leases = connection.database[migrating.COLLECTION]
        leases.insert_one({"_id": migrating.KEY, "holder": "one:1:a", "beats": 0})
        said, order = [], []

        def second() -> None:
            with migrating.alone(leases.database, say=said.append):
                order.append("second")

        thread = Thread(target=second)
        thread.start()
        thread.join(timeout=0.3)
        order.append("first")
        leases.delete_one({"_id": migrating.KEY})
        thread.join()
        assert order == ["first", "second"]
        assert said == ["one:1:a is migrating this database. Waiting until it has finished."]
        assert leases.count_documents({}) == 0

    def test_one_that_was_stopped_keeps_nobody_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(migrating, "LOOK_SECONDS", 0.01)
        monkeypatch.setattr(migrating, "DEAD_AFTER_SECONDS", 0.1)
        leases = connection.database[migrating.COLLECTION]
        leases.insert_one({"_id": migrating.KEY, "holder": "one:1:a", "beats": 7})
        output = StringIO()
        call_command("migrate", verbosity=0, stdout=output)
        assert output.getvalue() == (
            "one:1:a is migrating this database. Waiting until it has finished.\n"
            "one:1:a was stopped: going on from there.\n"
        )
        assert leases.count_documents({}) == 0

    def test_one_that_works_is_not_taken_for_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(migrating, "LOOK_SECONDS", 0.01)
        monkeypatch.setattr(migrating, "BEAT_SECONDS", 0.02)
        monkeypatch.setattr(migrating, "DEAD_AFTER_SECONDS", 1)
        said: list[str] = []
        with migrating.alone(connection.database, say=said.append):
            thread = Thread(target=lambda: self.enter(said))
            thread.start()
            thread.join(timeout=2)
            assert len(said) == 1
        thread.join()
        assert said[1:] == ["entered"]

    def enter(self, said: list[str]) -> None:
        with migrating.alone(connection.database, say=said.append):
            said.append("entered")

    def test_asking_what_is_left_waits_for_nobody(self) -> None:
        leases = connection.database[migrating.COLLECTION]
        leases.insert_one({"_id": migrating.KEY, "holder": "one:1:a", "beats": 7})
        call_command("migrate", plan=True, verbosity=0, stdout=StringIO())
        call_command("migrate", check_unapplied=True, verbosity=0, stdout=StringIO())
        leases.delete_many({})

"""Columns that an update of this software has added since the rows were compared with Stripe last.

They are empty until then, which is no drift: nobody missed an event. The same goes for what an update adds inside a
JSON column, which its migration says by `AddContents`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from billing.mirror.registry import Kind

NewColumns = Mapping[type[Model], frozenset[str]]

_new: ContextVar[NewColumns] = ContextVar("new_columns", default={})  # noqa: B039  (never changed)


class AddContents(Operation):
    """In a migration: says that a JSON column gets more contents than before; changes nothing in the database."""

    reduces_to_sql = False
    reversible = True

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name = model_name
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Leave the models as they are."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Leave the rows as they are: the next full reconcile fills them."""

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Leave the rows as they are: earlier software ignores what is more."""

    def describe(self) -> str:
        return f"Add contents to {self.name} of {self.model_name}"


@contextmanager
def known(columns: NewColumns) -> Iterator[None]:
    """Compare pages inside the block with these columns as new ones."""
    token = _new.set(columns)
    try:
        yield
    finally:
        _new.reset(token)


def without_drift(kind: Kind[Any]) -> frozenset[str]:
    """Return the columns in which a row may differ although no event was missed: new ones, and those in no event."""
    return _new.get().get(kind.model, frozenset()) | kind.not_in_events


def added_since(moment: datetime) -> NewColumns:
    """Return the columns that migrations have added, or added contents to, since then, by model."""
    applied = MigrationRecorder(connection).applied_migrations()
    late = [key for key, migration in applied.items() if migration.applied > moment]
    if not late:
        return {}
    known_migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    found: dict[type[Model], set[str]] = {}
    for app, name in late:
        migration = known_migrations.get((app, name))
        for operation in migration.operations if migration else ():
            if isinstance(operation, AddField | AddContents):
                _add(found, app, operation)
    return {model: frozenset(columns) for model, columns in found.items()}


def _add(found: dict[type[Model], set[str]], app: str, operation: AddField | AddContents) -> None:
    try:
        model = apps.get_model(app, operation.model_name)
        field = model._meta.get_field(operation.name)
    except (LookupError, FieldDoesNotExist):
        # It was renamed or removed since.
        return
    found.setdefault(model, set()).add(getattr(field, "attname", operation.name))

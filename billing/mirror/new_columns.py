"""Columns that an update of this software has added since the rows were compared with Stripe last.

They are empty until then, which is no drift: nobody missed an event.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

NewColumns = Mapping[type[Model], frozenset[str]]

_new: ContextVar[NewColumns] = ContextVar("new_columns", default={})  # noqa: B039  (never changed)


@contextmanager
def known(columns: NewColumns) -> Iterator[None]:
    """Compare pages inside the block with these columns as new ones."""
    token = _new.set(columns)
    try:
        yield
    finally:
        _new.reset(token)


def of(model: type[Model]) -> frozenset[str]:
    return _new.get().get(model, frozenset())


def added_since(moment: datetime) -> NewColumns:
    """Return the columns that migrations have added since then, by model."""
    applied = MigrationRecorder(connection).applied_migrations()
    late = [key for key, migration in applied.items() if migration.applied > moment]
    if not late:
        return {}
    known_migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    found: dict[type[Model], set[str]] = {}
    for app, name in late:
        migration = known_migrations.get((app, name))
        for operation in migration.operations if migration else ():
            if isinstance(operation, AddField):
                _add(found, app, operation)
    return {model: frozenset(columns) for model, columns in found.items()}


def _add(found: dict[type[Model], set[str]], app: str, operation: AddField) -> None:
    try:
        model = apps.get_model(app, operation.model_name)
        field = model._meta.get_field(operation.name)
    except (LookupError, FieldDoesNotExist):
        # It was renamed or removed since.
        return
    found.setdefault(model, set()).add(getattr(field, "attname", operation.name))

"""Lets a migration that was cut off run again: on MongoDB no step of it is rolled back, and none may fail as done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError
from django.db.models import Model


class Resumable:
    """Mixin of the schema editor: a step whose work is done already does nothing."""

    def get_database(self) -> Any:
        database = super().get_database()  # type: ignore[misc]
        return database if self.collect_sql else Database(database)  # type: ignore[attr-defined]

    def get_collection(self, name: str) -> Any:
        collection = super().get_collection(name)  # type: ignore[misc]
        return collection if self.collect_sql else Collection(collection)  # type: ignore[attr-defined]

    def _remove_field_index(self, *args: Any, **options: Any) -> None:
        with may_be_gone():
            super()._remove_field_index(*args, **options)  # type: ignore[misc]

    def _remove_field_unique(self, *args: Any, **options: Any) -> None:
        with may_be_gone():
            super()._remove_field_unique(*args, **options)  # type: ignore[misc]

    def _remove_composed_index(self, model: type[Model], *args: Any, **options: Any) -> None:
        with may_be_gone():
            super()._remove_composed_index(model, *args, **options)  # type: ignore[misc]


@contextmanager
def may_be_gone() -> Iterator[None]:
    """Pass over an index that the backend looks for by its columns and does not find."""
    try:
        yield
    except ValueError as error:
        if "Found wrong number (0)" not in str(error):
            raise


class Wrapped:
    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped, name)


class Database(Wrapped):
    def create_collection(self, name: str) -> None:
        """Create a collection. An empty one may be there, left by a migration that was cut off."""
        if name not in self.wrapped.list_collection_names():
            self.wrapped.create_collection(name)
        elif self.wrapped[name].find_one() is not None:
            raise DatabaseError(
                f"The collection {name} is there already and has documents. If another program uses this database, "
                "name another in DATABASE_URL. If an earlier `migrate` was cut off, drop the collection and run it "
                "again."
            )


class Collection(Wrapped):
    def drop_index(self, name: str) -> None:
        if name in self.wrapped.index_information():
            self.wrapped.drop_index(name)

    def rename(self, name: str) -> None:
        if self.wrapped.name in self.wrapped.database.list_collection_names():
            self.wrapped.rename(name)

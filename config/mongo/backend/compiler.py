"""The compilers. A write to one document is sent as such: the driver repeats it after an election, no other one."""

from collections.abc import Iterator
from typing import Any

from django_mongodb_backend import compiler
from django_mongodb_backend.query import MongoQuery, wrap_database_errors

from config.mongo.backend.errors import described
from config.mongo.backend.sorting import SortedQuery


class Described:
    """Gives the errors of a compiler a message."""

    def execute_sql(self, *args: Any, **options: Any) -> Any:
        with described():
            return super().execute_sql(*args, **options)  # type: ignore[misc]

    def cursor_iter(self, *args: Any) -> Iterator[Any]:
        with described():
            yield from super().cursor_iter(*args)  # type: ignore[misc]


class Query(MongoQuery):  # type: ignore[misc]
    @wrap_database_errors  # type: ignore[untyped-decorator]
    def delete(self) -> int:
        one = self.compiler.collection.delete_one
        if self.compiler.subqueries or not finds_at_most_one(self.match_mql, self.compiler):
            return int(super().delete())
        return int(one(self.match_mql, session=self.compiler.connection.session).deleted_count)


class SQLCompiler(Described, compiler.SQLCompiler):  # type: ignore[misc]
    query_class = SortedQuery


class SQLInsertCompiler(Described, compiler.SQLInsertCompiler):  # type: ignore[misc]
    pass


class SQLAggregateCompiler(Described, compiler.SQLAggregateCompiler):  # type: ignore[misc]
    pass


class SQLDeleteCompiler(Described, compiler.SQLDeleteCompiler):  # type: ignore[misc]
    query_class = Query


class SQLUpdateCompiler(Described, compiler.SQLUpdateCompiler):  # type: ignore[misc]
    @wrap_database_errors  # type: ignore[untyped-decorator]
    def update(self, criteria: dict[str, Any], pipeline: list[dict[str, Any]]) -> int:
        if not finds_at_most_one(criteria, self):
            return int(super().update(criteria, pipeline))
        found = self.collection.update_one(criteria, pipeline, session=self.connection.session)
        return int(found.matched_count)


def finds_at_most_one(criteria: dict[str, Any], asker: Any) -> bool:
    """Return whether a filter asks for one value of the primary key, so that it finds one document or none."""
    return _asks_for_one(criteria, {"_id", asker.query.get_meta().pk.column})


def _asks_for_one(criteria: dict[str, Any], keys: set[str]) -> bool:
    return any(
        any(_asks_for_one(part, keys) for part in value) if name == "$and" else name in keys and _is_one(value)
        for name, value in criteria.items()
    )


def _is_one(value: Any) -> bool:
    if not isinstance(value, dict):
        return True
    return len(value.get("$in", [None, None])) <= 1

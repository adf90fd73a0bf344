"""Has MongoDB find and sort rows by an index: puts `$match` and `$sort` first, where the backend puts `$sort` last.

An index gives the order only of what `$match` leaves. After `$lookup`, `$project` and `$addFields` MongoDB sorts in
memory: it reads every row that matches, fails beyond 100 MB where it may not use its disk, and all that for one page.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models.sql.constants import LOUTER
from django_mongodb_backend.query import MongoQuery

Stage = Mapping[str, Any]

MAKES_COLUMNS = {"$project", "$addFields"}
JOINS = {"$lookup", "$unwind", "$set"}
ORDERS_AND_CUTS = {"$sort", "$skip", "$limit"}
PASSED = {"$match"} | MAKES_COLUMNS | JOINS  # Of groups and unions, the order is about the result.


class SortedQuery(MongoQuery):  # type: ignore[misc]
    """A query whose pipeline finds and sorts its rows before it makes columns and joins."""

    def get_pipeline(self) -> list[Stage]:
        pipeline: list[Stage] = super().get_pipeline()
        if self.subquery_lookup:
            inner = pipeline[0]["$lookup"]["pipeline"]
            inner[:] = rows_first(inner, keeps_rows=False)
            return pipeline
        return rows_first(pipeline, keeps_rows=_keeps_rows(self))


def _keeps_rows(query: Any) -> bool:
    """Return whether the joins add no row and take none away: each finds at most one row, and needs none."""
    used = query.query.alias_map.items()
    joins = [join for alias, join in used if query.query.alias_refcount[alias] and getattr(join, "join_type", None)]
    return all(
        join.join_type == LOUTER and (join.join_field.many_to_one or join.join_field.one_to_one) for join in joins
    )


def rows_first(pipeline: list[Stage], *, keeps_rows: bool) -> list[Stage]:
    """Return the pipeline with `$match`, `$sort`, `$skip` and `$limit` as early as the result allows.

    They pass stages that make columns. `$match` passes joins if it is about no joined row, and the others follow it if
    the joins keep the number of rows.
    """
    end = next((at for at, stage in enumerate(pipeline) if ORDERS_AND_CUTS & stage.keys()), len(pipeline))
    if any(next(iter(stage)) not in PASSED for stage in pipeline[:end]):
        return pipeline
    before, cut = list(_without_copies(pipeline[:end])), pipeline[end:]
    order = cut[0].get("$sort", {}) if cut else {}
    place = len(before)
    while place and _leaves(before[place - 1], order):
        place -= 1
    found, made = before[:place], before[place:]
    ahead = _before_joins(found, order if keeps_rows else {})
    if ahead is None:
        return [*found, *cut, *made]
    joins = [stage for stage in found if stage not in ahead]
    return [*ahead, *cut, *joins, *made] if keeps_rows else [*ahead, *joins, *cut, *made]


def _without_copies(stages: list[Stage]) -> Iterator[Stage]:
    """Leave out what gives a column its own value: the backend names the columns of an order so."""
    for stage in stages:
        if "$addFields" not in stage:
            yield stage
        elif fields := {name: value for name, value in stage["$addFields"].items() if value != f"${name}"}:
            yield {"$addFields": fields}


def _leaves(stage: Stage, order: Mapping[str, int]) -> bool:
    """Return whether a stage makes columns and leaves those of the order as they were."""
    ((operator, columns),) = stage.items()
    if operator not in MAKES_COLUMNS:
        return False
    missing = None if operator == "$project" else 1
    return all(
        "." not in name and columns.get(name, 1 if name == "_id" else missing) in (1, f"${name}") for name in order
    )


def _before_joins(found: list[Stage], order: Mapping[str, int]) -> list[Stage] | None:
    """Return the `$match` after the joins, if it and the order are about no joined row; None if they are."""
    matches = found[-1:] if found and "$match" in found[-1] else []
    if any(next(iter(stage)) not in JOINS for stage in found[: len(found) - len(matches)]):
        return None
    joined = {stage["$lookup"]["as"] for stage in found if "$lookup" in stage}
    needed = {name.partition(".")[0] for name in [*order, *_fields(matches)]}
    return None if joined & needed else matches


def _fields(condition: Any) -> Iterator[str]:
    """Return every name in a condition that can be a field's."""
    if isinstance(condition, Mapping):
        for name, value in condition.items():
            yield name.lstrip("$")
            yield from _fields(value)
    elif isinstance(condition, list | tuple):
        for part in condition:
            yield from _fields(part)
    elif isinstance(condition, str):
        yield condition.lstrip("$")

"""Has MongoDB sort by an index: puts `$sort` right after `$match`, where the backend puts it last.

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
PASSED = {"$match"} | MAKES_COLUMNS | JOINS  # Of groups and unions, the order is about the result.


class SortedQuery(MongoQuery):  # type: ignore[misc]
    """A query whose pipeline sorts early."""

    def get_pipeline(self) -> list[Stage]:
        pipeline: list[Stage] = super().get_pipeline()
        if not self.ordering:
            return pipeline
        if self.subquery_lookup:
            inner = pipeline[0]["$lookup"]["pipeline"]
            inner[:] = sorted_early(inner, keeps_rows=False)
            return pipeline
        return sorted_early(pipeline, keeps_rows=_keeps_rows(self))


def _keeps_rows(query: Any) -> bool:
    """Return whether the joins add no row and take none away: each finds at most one row, and needs none."""
    used = query.query.alias_map.items()
    joins = [join for alias, join in used if query.query.alias_refcount[alias] and getattr(join, "join_type", None)]
    return all(
        join.join_type == LOUTER and (join.join_field.many_to_one or join.join_field.one_to_one) for join in joins
    )


def sorted_early(pipeline: list[Stage], *, keeps_rows: bool) -> list[Stage]:
    """Return the pipeline with `$sort`, and the `$skip` and `$limit` after it, as early as the result allows.

    They pass stages that make columns, and joins if these keep the number of rows.
    """
    at = next((at for at, stage in enumerate(pipeline) if "$sort" in stage), None)
    if at is None or any(next(iter(stage)) not in PASSED for stage in pipeline[:at]):
        return pipeline
    sort, before = pipeline[at:], list(_without_copies(pipeline[:at]))
    place = len(before)
    while place and _leaves(before[place - 1], sort[0]["$sort"]):
        place -= 1
    found, made = before[:place], before[place:]
    if keeps_rows and (ahead := _before_joins(found, sort[0]["$sort"])) is not None:
        joins = [stage for stage in found if stage not in ahead]
        return [*ahead, *sort, *joins, *made]
    return [*found, *sort, *made]


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

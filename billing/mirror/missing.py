"""Rows that Stripe's complete list did not show: each is fetched, and reported when Stripe does not know it.

None is deleted for that.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from billing.errors import StripeMissing
from billing.mirror import new_columns
from billing.mirror.engine import apply_answer, find
from billing.mirror.isolation import FailedObject, isolated
from billing.mirror.registry import Kind
from billing.models import MirroredRow

# With a key of another account every row is missing. After this many, the rest is reported without being fetched.
MISSING_IS_ENOUGH = 20


class FetchedRows(NamedTuple):
    """The rows that Stripe does not know, those that were written because they differed, and those that failed."""

    unknown: list[str]
    written: list[str]
    failed: list[FailedObject]


def fetch_missing(kind: Kind[Any], keys: Iterable[str], *, missing: int = 0) -> FetchedRows:
    """Fetch each of these rows; `missing` is how many others Stripe did not know."""
    result = FetchedRows([], [], [])
    for key in keys:
        if missing + len(result.unknown) >= MISSING_IS_ENOUGH:
            result.unknown.append(key)
            continue
        with isolated(kind.object_name, key, result.failed):
            _fetch(kind, key, result)
    return result


def _fetch(kind: Kind[Any], key: str, result: FetchedRows) -> None:
    try:
        before = find(kind, key) if new_columns.without_drift(kind) else None
        fetched = apply_answer(kind, key, partial(kind.fetch, key))
    except StripeMissing:
        result.unknown.append(key)
    else:
        if fetched.was_written and not _is_no_drift(kind, before, fetched.row):
            result.written.append(key)


def _is_no_drift(kind: Kind[Any], before: MirroredRow | None, after: MirroredRow | None) -> bool:
    """Whether a row that was written differs only in columns whose difference is no drift."""
    if before is None or after is None:
        return False
    skipped = {*new_columns.without_drift(kind), "known_from", "known_until", "version"}
    names = [field.attname for field in before._meta.concrete_fields if field.attname not in skipped]
    return all(getattr(before, name) == getattr(after, name) for name in names)

"""Rows that Stripe's complete list did not show: each is fetched, and reported when Stripe does not know it.

None is deleted for that.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from billing.errors import StripeMissing
from billing.mirror.engine import apply_answer
from billing.mirror.isolation import FailedObject, isolated
from billing.mirror.registry import Kind

# With a key of another account every row is missing. After this many, the rest is reported without being fetched.
MISSING_IS_ENOUGH = 20


class FetchedRows(NamedTuple):
    """The rows that Stripe does not know, those that were written, and those that failed."""

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
        was_written = apply_answer(kind, key, partial(kind.fetch, key)).was_written
    except StripeMissing:
        result.unknown.append(key)
    else:
        result.written.extend([key] if was_written else [])

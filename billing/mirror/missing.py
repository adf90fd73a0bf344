"""Rows that Stripe's complete list did not show: asked for one by one, reported, never deleted for that."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from billing.errors import StripeMissing
from billing.mirror.engine import Kind, apply_answer

# With a key of another account every row is missing; when so many are, the others are no longer asked for.
MISSING_IS_ENOUGH = 20


class Asked(NamedTuple):
    """The rows that Stripe does not know, and those that it knows and that were brought up to date."""

    unknown: list[str]
    written: list[str]


def fetch_missing(kind: Kind[Any], keys: Iterable[str], *, missing: int = 0) -> Asked:
    """Ask Stripe for each of these rows; `missing` is how many others it has turned out not to know."""
    asked = Asked([], [])
    for key in keys:
        if missing + len(asked.unknown) >= MISSING_IS_ENOUGH:
            asked.unknown.append(key)
            continue
        try:
            was_written = apply_answer(kind, key, partial(kind.fetch, key)).was_written
        except StripeMissing:
            asked.unknown.append(key)
        else:
            asked.written.extend([key] if was_written else [])
    return asked

"""Decoding of Stripe's form and query encoding, `a[b][0][c]=v`, into nested dicts.

The encoding does not distinguish lists from mappings (`expand[0]` is a list, `metadata[0]` is not), so every level is
a dict here. contract/requests.py knows the types and makes the lists.
"""

import re
from collections.abc import Iterable

from sandbox.core.errors import ApiError

MAX_PAIRS = 5_000
MAX_DEPTH = 12
MAX_KEY_LENGTH = 500
# `a[b][c]`; empty brackets stand for the next number of a list, and never directly follow each other.
WELL_FORMED = re.compile(r"[^\[\]]+((\[\])?\[[^\[\]]+\])*(\[\])?")
SEGMENT = re.compile(r"\[\]|[^\[\]]+")
EMPTY = "[]"

Form = dict[str, "str | Form"]


def decode(pairs: Iterable[tuple[str, str]]) -> Form:
    """Return the nested form of percent-decoded pairs; the last of equal keys wins, `a[]` appends.

    `a[][b]` adds to the last member of the list, unless that has a `b` already; then it appends one.
    Raises ApiError for a key that is malformed, too deep or in conflict with an earlier key.
    """
    form: Form = {}
    for count, (key, value) in enumerate(pairs, start=1):
        if count > MAX_PAIRS:
            raise ApiError.invalid(f"Invalid request: more than {MAX_PAIRS} parameters.")
        _put(form, _segments(key), value, key)
    return form


def _put(level: Form, segments: list[str], value: str, key: str) -> None:
    name, *rest = segments
    if name == EMPTY:
        name = _number(level, rest)
    if rest:
        _put(_child(level, name, key), rest, value, key)
    elif isinstance(level.get(name), dict):
        raise _conflict(key)
    else:
        level[name] = value


def _number(level: Form, rest: list[str]) -> str:
    """Return the number that empty brackets stand for; `rest` are the segments after them."""
    last = str(len(level) - 1)
    return last if rest and _is_free(level.get(last), rest) else str(len(level))


def _is_free(member: str | Form | None, segments: list[str]) -> bool:
    """Return whether the member has room for a value at the segments."""
    if not isinstance(member, dict):
        return False
    name, *rest = segments
    return name == EMPTY or name not in member or (bool(rest) and _is_free(member[name], rest))


def _segments(key: str) -> list[str]:
    if len(key) > MAX_KEY_LENGTH or not WELL_FORMED.fullmatch(key):
        raise ApiError.invalid(f"Invalid request: malformed parameter name: {key[:MAX_KEY_LENGTH]}")
    segments = SEGMENT.findall(key)
    if len(segments) > MAX_DEPTH:
        raise ApiError.invalid(f"Invalid request: parameter nested more than {MAX_DEPTH} levels: {key}")
    return segments


def _child(level: Form, name: str, key: str) -> Form:
    child = level.setdefault(name, {})
    if isinstance(child, str):
        raise _conflict(key)
    return child


def _conflict(key: str) -> ApiError:
    return ApiError.invalid(f"Invalid request: both as a value and as an object: {key}", param=key)

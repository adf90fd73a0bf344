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
WELL_FORMED = re.compile(r"[^\[\]]+(\[[^\[\]]+\])*(\[\])?")
SEGMENT = re.compile(r"[^\[\]]+")

Form = dict[str, "str | Form"]


def decode(pairs: Iterable[tuple[str, str]]) -> Form:
    """Return the nested form of percent-decoded pairs; the last of equal keys wins, `a[]` appends.

    Raises ApiError for a key that is malformed, too deep or in conflict with an earlier key.
    """
    form: Form = {}
    for count, (key, value) in enumerate(pairs, start=1):
        if count > MAX_PAIRS:
            raise ApiError.invalid(f"Invalid request: more than {MAX_PAIRS} parameters.")
        level = form
        *parents, last = _segments(key)
        for parent in parents:
            level = _child(level, parent, key)
        if key.endswith("[]"):
            level = _child(level, last, key)
            last = str(len(level))
        if isinstance(level.get(last), dict):
            raise _conflict(key)
        level[last] = value
    return form


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

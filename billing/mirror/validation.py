"""Whether an object can be mirrored: it is of its kind, and each value fits its column on every database.

Some databases store a value of the wrong type without complaint, so this is checked before a row is written.
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.db import models

from billing.gateway.snapshots import JSON
from billing.mirror import registry
from billing.mirror.registry import Kind
from billing.models import LooseLink

# MongoDB stores at most 100 levels of nesting, and no integer beyond 64 bits.
MAX_DEPTH = 50
LARGEST = 2**63

# Stripe's ids are shorter.
MAX_ID_LENGTH = 255

HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")

# What reading a malformed object raises.
READ_ERRORS = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)

PYTHON_TYPES: Final[tuple[tuple[Any, type], ...]] = (
    (models.CharField, str),
    (models.TextField, str),
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.DateTimeField, datetime),
)


class UnreadableObject(Exception):
    """An object or event that can't be read or stored; the message says why, and holds no content."""


def check_identity(kind: Kind[Any], obj: object, *, is_reliable: bool = True) -> None:
    """Raise UnreadableObject unless this is an object of this kind, with an id that it may have.

    Of an unreliable one (another API version) only the id is read.
    """
    if not isinstance(obj, dict) or (is_reliable and obj.get("object") != kind.object_name):
        raise UnreadableObject(f"This is not a {kind.object_name}.")
    stripe_id = obj.get("id")
    if not _is_id_of(kind, stripe_id):
        raise UnreadableObject(f"Its id is not that of a {kind.object_name}.")


def check_columns(kind: Kind[Any], columns: Mapping[str, Any]) -> None:
    """Raise UnreadableObject, naming the column, if a value does not fit."""
    for name, value in columns.items():
        if problem := _problem(kind.model._meta.get_field(name), value):
            raise UnreadableObject(f"The value of {name} {problem}.")


def check_storable(content: JSON) -> None:
    """Raise UnreadableObject for JSON that some database can't store."""
    if problem := _storing_problem(content):
        raise UnreadableObject(f"The content {problem}.")


def _problem(field: Any, value: object) -> str:
    """Say what keeps a value from being stored in a column; nothing if it can be."""
    if value is None:
        return "" if field.null else "is missing"
    if isinstance(field, LooseLink):
        kind = registry.kind_of_model(field.related_model)
        return "" if _is_id_of(kind, value) else f"is not the id of a {kind.object_name}"
    if isinstance(field, models.JSONField):
        if not isinstance(value, type(field.get_default())):
            return f"is a {type(value).__name__}"
        return _storing_problem(value)
    for kind_of_field, python_type in PYTHON_TYPES:
        if isinstance(field, kind_of_field):
            # A bool is an int as well.
            is_type = isinstance(value, python_type) and (python_type is bool or not isinstance(value, bool))
            return _range_problem(field, value) if is_type else f"is a {type(value).__name__}"
    return ""


def _range_problem(field: Any, value: Any) -> str:
    if isinstance(value, str):
        is_too_long = field.max_length is not None and len(value) > field.max_length
        return "is too long" if is_too_long else _value_problem(value)
    if isinstance(field, models.PositiveIntegerField):
        return "" if 0 <= value < 2**31 else "is out of range"
    return _value_problem(value)


def _is_id_of(kind: Kind[Any], value: object) -> bool:
    """Only an id that people choose may begin with another kind's prefix: a product's may be "in_app_pro"."""
    # Neither NUL nor half a character is printable.
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_LENGTH or not value.isprintable():
        return False
    if kind.has_chosen_ids:
        return True
    if value.startswith(kind.id_prefix) and not value.startswith(registry.longer_prefixes(kind.id_prefix)):
        return True
    return registry.kind_of_id(value) is None


def _storing_problem(content: object) -> str:
    level: list[object] = [content]
    for _ in range(MAX_DEPTH):
        if not level:
            return ""
        if problem := next(filter(None, map(_value_problem, level)), ""):
            return problem
        level = [member for value in level for member in _members(value)]
    return f"is nested more than {MAX_DEPTH} levels deep"


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else ()


def _value_problem(value: object) -> str:
    match value:
        case str() if "\0" in value:
            return "holds a NUL character"
        case str() if HALF_A_CHARACTER.search(value):
            return "holds half a surrogate pair"
        case float() if not math.isfinite(value):
            return "holds a number that is not finite"
        case int() if not -LARGEST <= value < LARGEST:
            return "holds a number of more than 64 bits"
    return ""

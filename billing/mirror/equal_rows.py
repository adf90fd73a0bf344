"""Comparing rows straight from the database's cursor: the SQL is cached, and no model instances are built.

Compiling and building cost more than the rest of a full reconcile. On MongoDB a Django query set reads the rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import DateTimeField, JSONField, Model, QuerySet, UUIDField
from django.utils.timezone import make_naive

from billing.gateway.snapshots import read_json

# Look-ups and their values, as in `filter(**where)`; a list for look-ups that take several values.
Where = Mapping[str, Any]


class _Anything:
    """Equals any value: stands for a column that is not compared."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


ANYTHING = _Anything()

# The SQL of each query, by everything that it depends on; the values go to the driver as parameters.
_compiled: dict[tuple[Any, ...], str] = {}


def compare_rows(
    model: type[Model], where: Where, wanted: Mapping[Any, Mapping[str, Any]], *, limit: int | None = None
) -> dict[Any, bool]:
    """Read these rows in one query, and return by key whether each has the wanted values; False for other rows.

    Keys are Stripe's ids, or our own UUIDs. With a limit, the newest rows are read.
    """
    names = {name for values in wanted.values() for name in values}
    order, first_date, first_nested = _order(model, frozenset(names))
    expected = {key: _in_order(values, order) for key, values in wanted.items()}
    if _keeps_no_zone():
        zone = connection.timezone
        for values in expected.values():
            for at in range(first_date, first_nested):
                if isinstance(value := values[at], datetime):
                    values[at] = value.replace(tzinfo=None) if value.tzinfo is zone else make_naive(value, zone)
    found = {}
    has_uuids = isinstance(model._meta.pk, UUIDField)
    for stored_key, *stored in _read(model, order, where, limit):
        key = UUID(stored_key) if has_uuids and isinstance(stored_key, str) else stored_key
        known = expected.get(key)
        found[key] = (
            known is not None
            and known[:first_nested] == stored[:first_nested]
            and known[first_nested:] == [_parsed(value) for value in stored[first_nested:]]
        )
    return found


@cache
def _order(model: type[Model], names: frozenset[str]) -> tuple[tuple[str, ...], int, int]:
    """Return the columns with dates and then JSON at the end, and the positions at which these begin."""
    kinds = {name: model._meta.get_field(name) for name in sorted(names)}
    dates = [name for name, field in kinds.items() if isinstance(field, DateTimeField)]
    nested = [name for name, field in kinds.items() if isinstance(field, JSONField)]
    plain = [name for name in kinds if name not in dates and name not in nested]
    return (*plain, *dates, *nested), len(plain), len(plain) + len(dates)


def _in_order(values: Mapping[str, Any], order: Sequence[str]) -> list[Any]:
    if len(values) == len(order):
        return [values[name] for name in order]
    return [values.get(name, ANYTHING) for name in order]


def _is_sql() -> bool:
    return connection.vendor != "mongodb"


def _read(model: type[Model], names: tuple[str, ...], where: Where, limit: int | None) -> Iterable[Any]:
    if not _is_sql():
        return _rows(model, names, where, limit)
    # Django filters in this order as well.
    conditions = [(lookup, _parameters(value)) for lookup, value in sorted(where.items())]
    shape = (model, names, limit, *((lookup, len(values)) for lookup, values in conditions))
    if shape not in _compiled:
        _compiled[shape] = _rows(model, names, where, limit).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()[0]
    with connection.cursor() as cursor:
        cursor.execute(_compiled[shape], [value for _, values in conditions for value in values])
        rows: list[Any] = cursor.fetchall()
        return rows


def _rows(model: type[Model], names: tuple[str, ...], where: Where, limit: int | None) -> "QuerySet[Any, Any]":
    # With a limit the newest rows are read: a full reconcile begins there.
    order = ["-stripe_created_at"] if limit else []
    return model._default_manager.filter(**where).order_by(*order).values_list("pk", *names)[:limit]


def _parameters(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    return [_parameter(one) for one in values]


def _parameter(value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _keeps_no_zone() -> bool:
    """Whether the cursor gives dates without a zone, as SQLite's does; Django adds the zone to MongoDB's."""
    return _is_sql() and not connection.features.supports_timezones


def _parsed(stored: Any) -> Any:
    return read_json(stored) if isinstance(stored, str) else stored

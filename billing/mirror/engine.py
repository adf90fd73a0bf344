"""The guarded write that every mirrored row goes through.

An event is a state at one second, a fetch a state within an interval of Stripe's clock. A state that is certainly
newer than the row is written, one that is certainly older is dropped; if neither is certain, the object is fetched.
Every write is a compare-and-set on the row's version; a writer that was too late reads the row again and starts over.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from enum import Enum, auto
from functools import cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import IntegrityError, transaction

from billing import gateway
from billing.errors import StripeUnavailable
from billing.gateway.snapshots import JSON, Event, Snapshot, moment
from billing.mirror.registry import Kind, Row
from billing.mirror.validation import READ_ERRORS, UnreadableObject, check_columns, check_identity

Value = TypeVar("Value")

# More writes than this to one row during one call to Stripe mean that something loops.
MAX_TRIES = 8


class Mirrored(NamedTuple, Generic[Row]):
    """The row after a state was applied (None: this object gets no row), and whether the row was written."""

    row: Row | None
    was_written: bool


class _Action(Enum):
    WRITE = auto()
    KEEP = auto()
    FETCH = auto()


def apply_events(kind: Kind[Row], events: Sequence[Event]) -> Mirrored[Row]:
    """Apply events about one object to its row, with one write or one fetch for all of them."""
    ended = [event for event in events if event.snapshot.is_deletion]
    newest_second = max(event.created_at for event in events)
    newest = ended or [event for event in events if event.created_at == newest_second]
    first, *others = (event.snapshot for event in newest)
    # An object in another API version may have another shape, and must not be read; of a long list inside an event
    # only the first members are there.
    is_readable = all(
        event.api_version == gateway.API_VERSION and not gateway.is_cut(event.object, *kind.lists) for event in newest
    )
    is_reliable = is_readable and all(_columns(kind, other) == _columns(kind, first) for other in others)
    return apply_snapshot(kind, first, is_reliable=is_reliable)


def apply_snapshot(kind: Kind[Row], snapshot: Snapshot, *, is_reliable: bool = True) -> Mirrored[Row]:
    """Write a state that was not fetched for this row, if it is newer than the row.

    An unreliable state (another API version, or several states of one second) is not written: the object is fetched.
    """
    check_identity(kind, snapshot.object, is_reliable=is_reliable)
    if is_reliable:
        snapshot = gateway.completed(snapshot, *kind.lists)
    key, read_columns = kind.primary_key(snapshot.object), _columns_once(kind, snapshot)
    for _ in range(MAX_TRIES):
        row = find(kind, key)
        if row is None and not kind.may_create(snapshot.object):
            return Mirrored(None, was_written=False)
        match _choose_action(row, snapshot, read_columns, is_reliable=is_reliable):
            case _Action.KEEP:
                return Mirrored(row, was_written=False)
            case _Action.FETCH:
                return apply_answer(kind, key, lambda: kind.fetch(snapshot.id))
            case _Action.WRITE:
                if written := _write(kind, row, snapshot, read_columns()):
                    return Mirrored(written, was_written=True)
    raise _contended(key)


def apply_answer(kind: Kind[Row], key: Any, ask: Callable[[], Snapshot]) -> Mirrored[Row]:
    """Call Stripe, by a fetch or a change, and write its answer.

    The row's version is read before the call, so an answer never replaces something newer. If another writer was
    faster, the object is fetched again; `ask` itself is called once.
    """
    for _ in range(MAX_TRIES):
        row = find(kind, key)
        snapshot = gateway.completed(ask(), *kind.lists)
        check_identity(kind, snapshot.object)
        if row is None and not kind.may_create(snapshot.object):
            return Mirrored(None, was_written=False)
        # An answer that Stripe replays is older than our call, and may be older than the row.
        may_be_old = snapshot.is_replay and row is not None and row.version > 0
        columns = {} if may_be_old else _columns(kind, snapshot)
        if not may_be_old and (written := _write(kind, row, snapshot, columns)):
            return Mirrored(written, was_written=row is None or _differs(row, columns))
        ask = _fetch_of(kind, snapshot.id)
    raise _contended(key)


def find(kind: Kind[Row], key: Any) -> Row | None:
    return kind.model._default_manager.filter(pk=key).order_by("pk").first()


def id_of(value: str | JSON | None) -> str | None:
    """Return the id of an object that may be expanded; raises KeyError if that has none."""
    return value["id"] if isinstance(value, dict) else value


def _fetch_of(kind: Kind[Row], stripe_id: str) -> Callable[[], Snapshot]:
    return lambda: kind.fetch(stripe_id)


def _choose_action(
    row: Row | None, snapshot: Snapshot, read_columns: Callable[[], dict[str, Any]], *, is_reliable: bool
) -> _Action:
    if row is not None and row.is_deleted:
        return _Action.KEEP
    if snapshot.is_deletion:
        return _Action.WRITE
    if row is None or row.known_from is None or row.known_until is None:
        return _Action.WRITE if is_reliable else _Action.FETCH
    if snapshot.known_until < row.known_from:
        return _Action.KEEP
    if not is_reliable:
        return _Action.FETCH
    if snapshot.known_from > row.known_until:
        return _Action.WRITE
    return _Action.FETCH if _differs(row, read_columns()) else _Action.KEEP


def check_readable(kind: Kind[Row], event: Event) -> None:
    """Raise UnreadableObject if the row can't be written from this event."""
    if event.api_version == gateway.API_VERSION:
        check_identity(kind, event.object)
        _columns(kind, event.snapshot)


def changing_columns(kind: Kind[Row], snapshot: Snapshot) -> dict[str, Any]:
    """Return the columns that can change, which are all but when the object was created.

    Raises UnreadableObject.
    """
    return {"is_deleted": True} if snapshot.is_deletion else _read(kind.columns, snapshot.object)


def _columns(kind: Kind[Row], snapshot: Snapshot) -> dict[str, Any]:
    columns = changing_columns(kind, snapshot)
    if not snapshot.is_deletion:
        columns = {**columns, "stripe_created_at": _read(lambda obj: moment(obj["created"]), snapshot.object)}
    check_columns(kind, columns)
    return columns


def _read(read: Callable[[JSON], Value], obj: JSON) -> Value:
    """Read something of an object; raises UnreadableObject."""
    try:
        return read(obj)
    except KeyError as error:
        raise UnreadableObject(f"It has no {error}.") from error
    except READ_ERRORS as error:
        raise UnreadableObject(f"It can't be read: {type(error).__name__}.") from error


def _columns_once(kind: Kind[Row], snapshot: Snapshot) -> Callable[[], dict[str, Any]]:
    """Return a function that reads the columns at its first call; an object that is not needed is not read."""
    return cache(partial(_columns, kind, snapshot))


def _differs(row: Row, columns: Mapping[str, Any]) -> bool:
    return any(getattr(row, column) != value for column, value in columns.items())


def _write(kind: Kind[Row], row: Row | None, snapshot: Snapshot, columns: Mapping[str, Any]) -> Row | None:
    """Replace exactly the version that was read; return None if another writer was faster."""
    version = 1 if row is None else row.version + 1
    values = {
        **columns,
        "known_from": snapshot.known_from,
        "known_until": snapshot.known_until,
        "version": version,
    }
    key = kind.primary_key(snapshot.object) if row is None else row.pk
    written = _with(kind.model(pk=key) if row is None else copy(row), values)
    values |= kind.extra_columns(row, written)
    with transaction.atomic():
        if not (_insert(kind, key, values) if row is None else _replace(kind, row, values)):
            return None
        # The row as it was written here: without transactions (MongoDB) it may have been written again since.
        kind.after_write(_with(written, values))
    # Read it again for the columns of our own: they are written elsewhere, and may have changed.
    return find(kind, key)


def _with(row: Row, values: dict[str, Any]) -> Row:
    for column, value in values.items():
        setattr(row, column, value)
    return row


def _insert(kind: Kind[Row], key: Any, values: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():
            kind.model._default_manager.create(pk=key, **values)
    except IntegrityError:
        if find(kind, key) is None:
            # Not another writer's row: a constraint of the database refuses this one.
            raise
        return False
    return True


def _replace(kind: Kind[Row], row: Row, values: dict[str, Any]) -> bool:
    rows = kind.model._default_manager.filter(pk=row.pk, version=row.version)
    return rows.update(**values) == 1


def _contended(key: Any) -> StripeUnavailable:
    return StripeUnavailable(f"{key} is being changed by too many at once.")

"""Pages of Stripe's lists compared with our rows: equal rows are only read, what differs is written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple

from billing import gateway
from billing.errors import StripeRefused
from billing.gateway.snapshots import JSON, Snapshot
from billing.mirror import equal_rows, new_columns
from billing.mirror.engine import apply_snapshot, changing_columns
from billing.mirror.isolation import FailedObject, failed_object, isolated
from billing.mirror.registry import Kind, Row
from billing.mirror.validation import UnreadableObject, check_columns, check_identity

# At most this many of our rows are compared with the time span of one page.
MAX_ROWS_IN_SPAN = 1_000


class ComparedObject(NamedTuple, Generic[Row]):
    """One object of a page, its row if that was not equal, and whether the row was written.

    `is_no_drift` says that the row differed only in columns that `new_columns.without_drift` names.
    """

    object: JSON
    row: Row | None
    was_written: bool
    is_no_drift: bool = False


class PageResult(NamedTuple, Generic[Row]):
    """The compared and the failed objects of a page, and the keys of rows in its span that the page does not show."""

    compared: list[ComparedObject[Row]]
    failed: list[FailedObject]
    keys_not_shown: list[str]


class _Read(NamedTuple):
    snapshot: Snapshot
    columns: Mapping[str, Any]


def apply_page(
    kind: Kind[Row], snapshots: Iterable[Snapshot], *, span: equal_rows.Where | None = None
) -> PageResult[Row]:
    """Apply each object of a page; the columns of rows that are equal are read in one query, and nothing more.

    With a span, our rows are looked for there first, and those that the page does not show are returned as well. An
    object that can't be read, stored or fetched fails alone. Raises StripeUnavailable, StripeMisconfigured.
    """
    failed: list[FailedObject] = []
    read, unreadable = _read(kind, snapshots, failed)
    columns = {key: one.columns for key, one in read.items()}
    found = {} if span is None else equal_rows.compare_rows(kind.model, span, columns, limit=MAX_ROWS_IN_SPAN)
    if elsewhere := [key for key in columns if key not in found]:
        found |= equal_rows.compare_rows(kind.model, {"pk__in": elsewhere}, columns)
    no_drift = _without_drift(kind, {key: columns[key] for key in columns if found.get(key) is False})
    compared = []
    for key, (snapshot, _) in read.items():
        if found.get(key):
            compared.append(ComparedObject[Row](snapshot.object, None, was_written=False))
            continue
        with isolated(kind.object_name, snapshot.id, failed):
            compared.append(ComparedObject(snapshot.object, *apply_snapshot(kind, snapshot), key in no_drift))
    return PageResult(compared, failed, [key for key in found if key not in read and key not in unreadable])


def _without_drift(kind: Kind[Row], differing: Mapping[Any, Mapping[str, Any]]) -> set[Any]:
    """Return the keys of the differing rows that are equal in all columns whose difference is drift."""
    skipped = new_columns.without_drift(kind)
    if not skipped or not differing:
        return set()
    compared = {
        key: {name: value for name, value in columns.items() if name not in skipped}
        for key, columns in differing.items()
    }
    equal = equal_rows.compare_rows(kind.model, {"pk__in": list(compared)}, compared)
    return {key for key, is_equal in equal.items() if is_equal}


def settle_page(
    kind: Kind[Row],
    result: PageResult[Row],
    *,
    again: Callable[[list[str]], Iterable[Row]],
    settle: Callable[[Row], None],
) -> None:
    """Settle each row of a page that was written, and those of the equal ones that `again` returns by their ids.

    The process that wrote such a row may have been killed one step later. One that can't be settled fails alone.
    """
    written = [each.row for each in result.compared if each.row is not None and each.was_written]
    equal = [each.object["id"] for each in result.compared if not each.was_written]
    for row in [*written, *again(equal)]:
        with isolated(kind.object_name, row.pk, result.failed):
            settle(row)


def differing_keys(kind: Kind[Row], snapshots: Iterable[Snapshot]) -> tuple[list[Any], list[FailedObject]]:
    """Return the keys of the objects whose rows differ or are missing, and the objects that can't be read.

    One query; nothing is written.
    """
    failed: list[FailedObject] = []
    read, _ = _read(kind, snapshots, failed)
    columns = {key: one.columns for key, one in read.items()}
    found = equal_rows.compare_rows(kind.model, {"pk__in": list(columns)}, columns) if columns else {}
    differing = []
    for key, one in read.items():
        if found.get(key):
            continue
        try:
            check_columns(kind, one.columns)
        except UnreadableObject as error:
            failed.append(failed_object(kind.object_name, one.snapshot.object, error))
        else:
            differing.append(key)
    return differing, failed


def _read(
    kind: Kind[Row], snapshots: Iterable[Snapshot], failed: list[FailedObject]
) -> tuple[dict[Any, _Read], set[str]]:
    """Return the objects that can be read, by key, and the ids of the others, which are added to `failed`."""
    read, unreadable = {}, set()
    for snapshot in snapshots:
        obj = snapshot.object
        try:
            check_identity(kind, obj)
            whole = gateway.completed(snapshot, *kind.lists)
            read[kind.primary_key(obj)] = _Read(whole, changing_columns(kind, whole))
        except (UnreadableObject, StripeRefused) as error:
            failed.append(failed_object(kind.object_name, obj, error))
            unreadable.add(failed[-1].id)
    return read, unreadable

"""The store: its parts put together, and its transactions."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.core.store import state_file
from sandbox.core.store.bodies import Object
from sandbox.core.store.due import DueTimes
from sandbox.core.store.indexes import Index, Indexes
from sandbox.core.store.keys import SLOTS, Keys
from sandbox.core.store.rows import Rows
from sandbox.core.store.settings import Settings
from sandbox.core.store.state_file import KindTable
from sandbox.core.store.writing import Changes


@dataclass
class Savepoint:
    """A savepoint; set `keep` so that its writes stay although an exception ends it."""

    keep: bool = False


class Store:
    """Objects by kind and id, newest first, with an index for the members that kinds.py lists.

    It also keeps the times at which objects are due, and settings. Within a savepoint, objects are written once: when
    it ends, or when a list needs them.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._db = state_file.opened(path)
        self.close = weakref.finalize(self, self._db.close)
        self.test_clock: str | None = None  # Decides when objects are due; None: the sandbox's own clock.
        self._depth = 0
        self._kinds = KindTable(self._db)
        self._indexes = Indexes(self._db, self._kinds)
        self._keys = Keys(self._db, self._kinds, self._indexes)
        self._rows = Rows(self._db)
        self._changes = Changes(kinds=self._kinds, keys=self._keys, indexes=self._indexes, rows=self._rows)
        self._due = DueTimes(self._db)
        self._settings = Settings(self._db)
        self._few: dict[str, list[Object]] = {}
        for kind in self._kinds.number_all():
            self._fill_indexes(kind)
        self._kinds.reload()

    @contextmanager
    def savepoint(self) -> Iterator["Savepoint"]:
        """Undo the block's writes when it raises, unless the savepoint's `keep` is set.

        The outermost savepoint is the transaction: its end writes to disk.
        """
        savepoint = Savepoint()
        self._write()
        self._db.execute("SAVEPOINT attempt")
        self._depth += 1
        try:
            yield savepoint
            self._write()
        except BaseException:
            if savepoint.keep:
                self._write()
            else:
                self._undo()
            raise
        finally:
            self._depth -= 1
            self._db.execute("RELEASE attempt")
            if not self._depth:
                self._changes.names.clear()

    def clear(self) -> None:
        self._forget()
        state_file.empty(self._db)
        self._rows.reload()
        self._kinds.reload()

    # Objects

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return the object, or `{id, object, deleted: true}` for a deleted one."""
        key = self._keys.find(kind, object_id)
        obj = None if key is None else self._changes.get(kind, key)
        return obj if obj and obj["id"] == object_id else None

    def put(self, obj: Object, *, slot: int | None = None, is_new: bool = False) -> None:
        """Insert or overwrite the object; with `is_new`, it is not looked for.

        A new object is ordered after the others of its second, or by `slot` (0 to SLOTS - 1) within that second.
        """
        self._few.pop(obj["object"], None)
        self._changes.put(obj, slot=slot, is_new=is_new)
        self._write_some()

    def new_id(self, kind: str, created: int, *, slot: int | None = None) -> str:
        """Return the id for a new event, which `add` stores in this order; `slot` as for `put`."""
        return self._changes.reserve(kind, created, slot=slot)

    def add(self, obj: Object, *, slot: int | None = None) -> None:
        """Insert an object with an id that was never used. It is not copied, so don't change it afterwards."""
        self._changes.add(obj, slot=slot)
        self._write_some()

    def delete(self, kind: str, object_id: str) -> Object:
        """Replace the object by its stub, remove it from all lists, and return the stub."""
        stub = {"id": object_id, "object": kind, "deleted": True}
        self._few.pop(kind, None)
        self._changes.write()
        key = self._keys.find(kind, object_id)
        if key is not None:
            self._indexes.remove([(link, key) for link in self._indexes.links(self._written(key))])
            self._rows.save_stub(key, stub)
            self._kinds.add_present(kind, -1)
            self._changes.names[key] = (kind, object_id)
        self.clear_due(kind, object_id)
        return stub

    def purge(self, kind: str, object_id: str) -> None:
        """Remove the row, leaving no stub: for the sandbox's own records."""
        self._few.pop(kind, None)
        self._changes.write()
        key = self._keys.find(kind, object_id)
        if key is not None:
            links = {*self._indexes.links(self._written(key)), self._indexes.id_link(kind, object_id)}
            self._indexes.remove([(link, key) for link in links])
            self._rows.remove(key)
            self._kinds.add_present(kind, -1)
            self._keys.forget_one((kind, object_id))
            self._write_outside()

    def drop_before(self, kind: str, moment: int) -> None:
        """Remove all objects of a kind that were created before the moment, leaving no stubs.

        It reads the kind's whole index, so call it seldom.
        """
        self._write()
        low, high = self._keys.range(kind)
        high = min(high, low + moment * SLOTS)
        dropped = self._rows.remove_between(low, high)
        if dropped:
            self._indexes.remove_before(kind, high)
            self._kinds.add_present(kind, -dropped)
            self._keys.forget_kind(kind)
            self._rows.forget(low, high)
            self._write_outside()

    def counts(self) -> dict[str, int]:
        """Return the number of objects of each kind, without deleted objects and the sandbox's own records."""
        self._changes.write()
        return {kind: count for kind, count in self._kinds.present().items() if not kind.startswith("_")}

    def count(self, kind: str, index: tuple[str, str]) -> int:
        """Return the number of objects with this value of an indexed member."""
        self._changes.write()
        return self._indexes.count(kind, *index)

    def scan(
        self,
        kind: str,
        *,
        index: Index | None = None,
        after: str | None = None,
        before: str | None = None,
        created: tuple[int | None, int | None] = (None, None),
        oldest_first: bool = False,
    ) -> Iterator[Object]:
        """Yield the objects of a kind that are older than `after` and newer than `before`, two ids.

        `index` is the (name, value) of an indexed member (kinds.py), or several of them as a mapping; a collection as
        value stands for any of its values. `created` is the first and the last second. Rows are read lazily: make a
        list before writing in the loop.
        """
        if kind not in self._kinds.numbers or self._keys.is_unused(kind):
            return
        low, high = self._keys.bounds(kind, after=after, before=before, created=created)
        wanted = dict([index] if isinstance(index, tuple) else index or {})
        if wanted:
            numbered = self._indexes.wanted(kind, wanted)
            yield from self._changes.find(kind, numbered, low, high, oldest_first=oldest_first)
            return
        self._changes.write(kind)
        for key, body in self._rows.between(low, high, oldest_first=oldest_first):
            yield self._rows.decoded(key, body)

    def few(self, kind: str) -> list[Object]:
        """Return all objects of a kind that has few, which are kept in memory: don't change them."""
        if kind not in self._few:
            self._few[kind] = list(self.scan(kind))
        return self._few[kind]

    # Times at which objects are due

    def set_due(self, kind: str, object_id: str, at: int) -> None:
        """Save the time at which sandbox/clock_effects.py next acts on this object, replacing an earlier one.

        Within the time of a test clock, it is a time of that clock, unless the object is of a kind in
        `due.UNCLOCKED`.
        """
        self._due.save(kind, object_id, at, clock=self.test_clock)
        self._write_outside()

    def clear_due(self, kind: str, object_id: str) -> None:
        self._due.clear(kind, object_id)
        self._write_outside()

    def next_due(self, until: int) -> tuple[int, str, str] | None:
        """Return the earliest (time, kind, id) due by `until`, None if there is none.

        Within the time of a test clock, only what is due on that clock counts.
        """
        return self._due.next(until, clock=self.test_clock)

    # Settings

    def setting(self, name: str, default: Any = None) -> Any:
        return self._settings.get(name, default)

    def save_setting(self, name: str, value: Any) -> None:
        self._settings.save(name, value)
        self._write_outside()

    def _written(self, key: int) -> Object:
        kept = self._rows.get(key)
        return kept.content if kept else {}

    def _write(self) -> None:
        self._changes.write()
        self._kinds.write()
        self._due.write()
        self._settings.write()

    def _write_some(self) -> None:
        if self._changes.are_many:
            self._changes.write()
        self._write_outside()

    def _write_outside(self) -> None:
        """Write at once outside of a savepoint."""
        if not self._depth:
            self._write()

    def _undo(self) -> None:
        """Roll back to the savepoint, and drop from memory what the transaction has changed, written or not."""
        self._changes.forget()
        self._few.clear()
        self._keys.forget_some(self._changes.names.values())
        self._rows.forget_some(self._changes.names)
        self._due.forget()
        self._settings.forget()
        self._db.execute("ROLLBACK TO attempt")
        self._rows.reload()
        self._kinds.reload()

    def _forget(self) -> None:
        """Drop all that is in memory, written or not."""
        self._changes.forget()
        self._changes.names.clear()
        self._few.clear()
        self._keys.forget()
        self._rows.forget()
        self._due.forget()
        self._settings.forget()

    def _fill_indexes(self, kind: str) -> None:
        for key, body in list(self._rows.between(*self._keys.range(kind), oldest_first=True)):
            obj = self._rows.decoded(key, body)
            links = {*self._indexes.links(obj), self._indexes.id_link(kind, obj["id"])}
            self._indexes.add([(link, key) for link in links])

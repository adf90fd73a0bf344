"""The keys of objects: the number of the kind, the second of creation, and a slot within that second.

So a list of the newest objects of a kind, or of those between two moments, is a range of keys.
"""

import sqlite3
from collections.abc import Container, Iterable

from sandbox.core import ids
from sandbox.core.kinds import KINDS
from sandbox.core.store.indexes import Indexes
from sandbox.core.store.state_file import KindTable

SLOT_BITS = 24
SLOTS = 1 << SLOT_BITS  # Keys for objects of one kind within one second.
SECONDS = 1 << 32
KIND_SPAN = SECONDS * SLOTS
KNOWN = 20_000  # Keys to keep in memory.

Name = tuple[str, str]  # The kind and the id of an object.


class Keys:
    """Finds the keys of objects, and makes those of new ones."""

    def __init__(self, db: sqlite3.Connection, kinds: KindTable, indexes: Indexes) -> None:
        self._db = db
        self._kinds = kinds
        self._indexes = indexes
        self._known: dict[Name, int] = {}
        self._newest: dict[int, int] = {}  # By the first key of a second, the newest key in it.
        self._newest_of_kind: dict[str, int] = {}

    @property
    def are_many(self) -> bool:
        """Whether memory has more keys than it should."""
        return len(self._known) > KNOWN

    def find(self, kind: str, object_id: str) -> int | None:
        if kind not in self._kinds.numbers:
            return None
        if (kind, object_id) in self._known:
            return self._known[kind, object_id]
        key = self._in_id(kind, object_id) or self._indexes.key(kind, object_id)
        if key is not None:
            self._known[kind, object_id] = key
        return key

    def new(self, kind: str, object_id: str, created: int, *, slot: int | None, unwritten: Container[int]) -> int:
        """Return the key of a new object: the next of its second, or from `slot` on the first that is free.

        `unwritten` are the keys of the kind's objects that are not yet written.
        """
        if (kind, object_id) in self._known:
            return self._known[kind, object_id]  # As `reserve` has promised.
        key = self._next(kind, created, slot, unwritten)
        self._known[kind, object_id] = key
        return key

    def reserve(self, kind: str, created: int, *, slot: int | None, unwritten: Container[int]) -> str:
        """Return an id for a new object that has its key in it, so that the object is found without an index."""
        key = self._next(kind, created, slot, unwritten)
        object_id = ids.with_number(kind, key)
        self._known[kind, object_id] = key
        return object_id

    def is_in_id(self, kind: str, object_id: str, key: int) -> bool:
        """Return whether the id has this key in it."""
        return KINDS[kind].is_bundled and ids.number_in(kind, object_id) == key

    def _in_id(self, kind: str, object_id: str) -> int | None:
        key = ids.number_in(kind, object_id) if KINDS[kind].is_bundled else None
        low, high = self.range(kind)
        return key if key is not None and low <= key < high and self._is_taken(key) else None

    def _next(self, kind: str, created: int, slot: int | None, unwritten: Container[int]) -> int:
        start = self.range(kind)[0] + min(max(0, created), SECONDS - 1) * SLOTS
        last = self._last(kind, start)
        key = max(start, last + 1)
        if slot is None and key >= start + SLOTS:
            slot = 0  # Shuffled objects took the last slots of the second: take any free one.
        if slot is not None:
            key = self._free(start, slot, unwritten)
        self._newest[start] = max(last, key)
        self._newest_of_kind[kind] = max(self._newest_in(kind), key)
        return key

    def is_unused(self, kind: str) -> bool:
        """Return whether there is no key of this kind, written or not."""
        return not self._newest_in(kind)

    def range(self, kind: str) -> tuple[int, int]:
        """Return the first key of a kind, and the first of the next kind."""
        low = self._kinds.numbers[kind] * KIND_SPAN
        return low, low + KIND_SPAN

    def bounds(
        self, kind: str, *, after: str | None, before: str | None, created: tuple[int | None, int | None]
    ) -> tuple[int, int]:
        """Return the range of the keys that `Store.scan` goes through."""
        first, last = created
        start, end = self.range(kind)
        low = start if first is None else start + min(max(0, first), SECONDS) * SLOTS
        high = end if last is None else start + min(max(0, last + 1), SECONDS) * SLOTS
        if after and (key := self.find(kind, after)) is not None:
            high = min(high, key)
        if before and (key := self.find(kind, before)) is not None:
            low = max(low, key + 1)
        return low, high

    def forget(self) -> None:
        """Drop what is in memory."""
        self._known.clear()
        self._newest.clear()
        self._newest_of_kind.clear()

    def forget_kind(self, kind: str) -> None:
        """Drop the keys of a kind from memory."""
        low, high = self.range(kind)
        self.forget_some([name for name, key in self._known.items() if low <= key < high])

    def forget_one(self, name: Name) -> None:
        """Drop a removed object's key from memory."""
        self._known.pop(name, None)

    def forget_some(self, names: Iterable[Name]) -> None:
        """Drop the keys of undone objects from memory."""
        self._newest.clear()
        self._newest_of_kind.clear()
        for name in names:
            self._known.pop(name, None)

    def _free(self, start: int, slot: int, unwritten: Container[int]) -> int:
        while start + slot in unwritten or self._is_taken(start + slot):
            slot = (slot + 1) % SLOTS
        return start + slot

    def _is_taken(self, key: int) -> bool:
        return self._db.execute("SELECT 1 FROM objects WHERE key = ?", (key,)).fetchone() is not None

    def _last(self, kind: str, start: int) -> int:
        """Return the newest key of the second that begins with `start`, written or not, 0 if there is none."""
        if start in self._newest:
            return self._newest[start]
        return 0 if start > self._newest_in(kind) else self._newest_between(start, start + SLOTS)

    def _newest_in(self, kind: str) -> int:
        if kind not in self._newest_of_kind:
            self._newest_of_kind[kind] = self._newest_between(*self.range(kind))
        return self._newest_of_kind[kind]

    def _newest_between(self, low: int, high: int) -> int:
        query = "SELECT max(key) FROM objects WHERE key >= ? AND key < ?"
        (found,) = self._db.execute(query, (low, high)).fetchone()
        return found or 0

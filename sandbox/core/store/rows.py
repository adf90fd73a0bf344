"""Read and write the rows of objects; the bodies of events are in bundles.

The objects that were read or written last are kept in memory.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.core.kinds import KINDS
from sandbox.core.store.bodies import Bodies, Object, copied, loaded
from sandbox.core.store.bundles import Bundles
from sandbox.core.store.kept import Kept

CACHED = 2000
LAST = 1 << 63

SAVE = "INSERT INTO objects VALUES (?, 0, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body"
IN_RANGE = "SELECT key, body FROM objects WHERE key >= ? AND key < ? AND deleted = 0 ORDER BY key"
IN_ORDER = {True: f"{IN_RANGE} ASC", False: f"{IN_RANGE} DESC"}  # By `oldest_first`.


class Rows:
    """Reads and writes the rows of objects by their keys."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._bodies = Bodies(db)
        self._bundles = Bundles(db, self._bodies)
        self._latest: OrderedDict[int, Kept] = OrderedDict()

    # Reading

    def get(self, key: int) -> Kept | None:
        """Return the object as it was written last."""
        kept = self._latest.get(key)
        if kept is None:
            row = self._db.execute("SELECT body FROM objects WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            kept = Kept(self._read(key, row[0]))
        self.remember(key, kept)
        return kept

    def between(self, low: int, high: int, *, oldest_first: bool) -> Iterator[tuple[int, Any]]:
        """Return the keys and the stored bodies from `low` up to `high`, without deleted objects."""
        return self._db.execute(IN_ORDER[oldest_first], (low, high))

    def decoded(self, key: int, body: bytes | int | str) -> Object:
        """Return the object: from its own body, or from its bundle with the changes since."""
        kept = self._latest.get(key)
        return kept.copy() if kept else self._read(key, body)

    def _read(self, key: int, body: bytes | int | str) -> Object:
        if not isinstance(body, bytes):
            return self._bundles.event(key, body)
        obj: Object = loaded(self._bodies.unpack(body))
        return obj

    # Writing

    def body(self, key: int, obj: Object) -> bytes | str:
        """Return the body to store for an object: of a bundled event, only its changes."""
        kind = obj["object"]
        return self._bundles.changed(key, obj) if KINDS[kind].is_bundled else self._bodies.pack(kind, copied(obj))

    def add_bundled(self, key: int, event: Object) -> None:
        """Take a new event, which `save_bundled` will write."""
        self._bundles.add(key, event)

    def save(self, bodies: Iterable[tuple[int, bytes | str]]) -> None:
        """Write bodies by their keys."""
        self._db.executemany(SAVE, bodies)

    def save_bundled(self) -> None:
        """Write the new events in bundles."""
        self._db.executemany(SAVE, self._bundles.write())

    def drop_unwritten(self) -> None:
        """Forget the new events."""
        self._bundles.drop_unwritten()

    def save_stub(self, key: int, stub: Object) -> None:
        """Overwrite a deleted object by its stub."""
        body = self._bodies.pack(stub["object"], copied(stub))
        self._db.execute("UPDATE objects SET body = ?, deleted = 1 WHERE key = ?", (body, key))
        self._latest.pop(key, None)

    def remove(self, key: int) -> None:
        self._db.execute("DELETE FROM objects WHERE key = ?", (key,))
        self._latest.pop(key, None)

    def remove_between(self, low: int, high: int) -> int:
        """Remove the rows and the bundles from `low` up to `high`, and return the number of rows."""
        removed = self._db.execute("DELETE FROM objects WHERE key >= ? AND key < ?", (low, high)).rowcount
        if removed:
            self._bundles.remove_between(low, high)
        return removed

    # Memory

    def remember(self, key: int, kept: Kept) -> None:
        """Keep an object in memory."""
        self._latest[key] = kept
        self._latest.move_to_end(key)
        if len(self._latest) > CACHED:
            self._latest.popitem(last=False)

    def forget(self, low: int = 0, high: int = LAST) -> None:
        """Drop the objects with keys from `low` up to `high` from memory."""
        for key in [key for key in self._latest if low <= key < high]:
            del self._latest[key]
        self._bundles.forget()

    def forget_some(self, keys: Iterable[int]) -> None:
        """Drop these objects from memory."""
        for key in keys:
            self._latest.pop(key, None)
            self._bundles.forget_one(key)

    def reload(self) -> None:
        """Read the compression samples again, after a rollback."""
        self._bodies.reload()

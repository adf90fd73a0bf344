"""The store of all objects: one SQLite file, or memory if no path is given.

An object is a dict with at least `object` (the name of its kind), `id` and its time of creation. Reading returns a
copy; only `put` saves changes. Members whose names begin with an underscore are private to the sandbox. Stripe's rules
are not here.
"""

import json
import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.core.kinds import KINDS

Object = dict[str, Any]

SLOTS = 1 << 24  # Positions for objects of one kind within one second.
END = 1 << 62  # A position after all others.


SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS objects_position ON objects (kind, position);
CREATE TABLE IF NOT EXISTS links (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (kind, name, value, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_position ON links (kind, position);
CREATE TABLE IF NOT EXISTS due (kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS due_at ON due (at);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass
class Savepoint:
    """A savepoint; set `keep` so that its writes stay although an exception ends it."""

    keep: bool = False


class Store:
    """Objects by kind and id, newest first, with an index for the members that kinds.py lists.

    It also keeps the times at which objects are due, and settings.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)
        self.close = weakref.finalize(self, self._db.close)

    @contextmanager
    def savepoint(self) -> Iterator["Savepoint"]:
        """Undo the block's writes when it raises, unless the savepoint's `keep` is set.

        The outermost savepoint is the transaction: its end writes to disk.
        """
        savepoint = Savepoint()
        self._db.execute("SAVEPOINT attempt")
        try:
            yield savepoint
        except BaseException:
            if not savepoint.keep:
                self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def clear(self) -> None:
        for table in ("objects", "links", "due", "settings"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above.

    # Objects

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return the object, or `{id, object, deleted: true}` for a deleted one."""
        row = self._db.execute("SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, object_id)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, obj: Object, *, slot: int | None = None) -> None:
        """Insert or overwrite the object.

        A new object is ordered after the others of its second, or by `slot` (0 to SLOTS - 1) within that second.
        """
        kind, object_id, body = obj["object"], obj["id"], json.dumps(obj, separators=(",", ":"))
        position = self._position(kind, object_id)
        if position is None:
            position = self._new_position(kind, obj[KINDS[kind].created], slot)
            self._db.execute("INSERT INTO objects VALUES (?, ?, ?, 0, ?)", (kind, object_id, position, body))
        else:
            self._db.execute("UPDATE objects SET body = ? WHERE kind = ? AND id = ?", (body, kind, object_id))
        self._link(obj, position)

    def delete(self, kind: str, object_id: str) -> Object:
        """Replace the object by its stub, remove it from all lists, and return the stub."""
        stub = {"id": object_id, "object": kind, "deleted": True}
        self._db.execute(
            "UPDATE objects SET body = ?, deleted = 1 WHERE kind = ? AND id = ?",
            (json.dumps(stub), kind, object_id),
        )
        self._db.execute("DELETE FROM links WHERE kind = ? AND position = ?", (kind, self._position(kind, object_id)))
        self.clear_due(kind, object_id)
        return stub

    def purge(self, kind: str, object_id: str) -> None:
        """Remove the row, leaving no stub: for the sandbox's own records."""
        position = self._position(kind, object_id)
        self._db.execute("DELETE FROM links WHERE kind = ? AND position = ?", (kind, position))
        self._db.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, object_id))

    def counts(self) -> dict[str, int]:
        """Return the number of objects of each kind, without deleted objects and the sandbox's own records."""
        query = "SELECT kind, count(*) FROM objects WHERE deleted = 0 GROUP BY kind ORDER BY kind"
        return {kind: count for kind, count in self._db.execute(query) if not kind.startswith("_")}

    def scan(
        self,
        kind: str,
        *,
        index: tuple[str, str] | None = None,
        after: str | None = None,
        before: str | None = None,
        created: tuple[int | None, int | None] = (None, None),
        oldest_first: bool = False,
    ) -> Iterator[Object]:
        """Yield the objects of a kind that are older than `after` and newer than `before`, two ids.

        `index` is the (name, value) of an indexed member (kinds.py); `created` is the first and the last second. Rows
        are read lazily: make a list before writing in the loop.
        """
        low, high = self._bounds(kind, after=after, before=before, created=created)
        direction = "ASC" if oldest_first else "DESC"
        where, values = "o.kind = ? AND o.position >= ? AND o.position < ?", [kind, low, high]
        source = "objects o"
        if index:
            source = "links l JOIN objects o ON o.kind = l.kind AND o.position = l.position"
            where = "l.kind = ? AND l.position >= ? AND l.position < ? AND l.name = ? AND l.value = ?"
            values += index
        ordered = "l" if index else "o"
        query = (
            f"SELECT o.body FROM {source} WHERE {where} AND o.deleted = 0 "  # noqa: S608 - no outside text in it.
            f"ORDER BY {ordered}.position {direction}"
        )
        for (body,) in self._db.execute(query, values):
            yield json.loads(body)

    # Times at which objects are due

    def set_due(self, kind: str, object_id: str, at: int) -> None:
        """Save the time at which sandbox/clock_effects.py next acts on this object, replacing an earlier one."""
        self._db.execute("REPLACE INTO due VALUES (?, ?, ?)", (kind, object_id, at))

    def clear_due(self, kind: str, object_id: str) -> None:
        self._db.execute("DELETE FROM due WHERE kind = ? AND id = ?", (kind, object_id))

    def next_due(self, until: int) -> tuple[int, str, str] | None:
        """Return the earliest (time, kind, id) due by `until`, None if there is none."""
        row: tuple[int, str, str] | None = self._db.execute(
            "SELECT at, kind, id FROM due WHERE at <= ? ORDER BY at, rowid LIMIT 1", (until,)
        ).fetchone()
        return row

    # Settings

    def setting(self, name: str, default: Any = None) -> Any:
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default

    def save_setting(self, name: str, value: Any) -> None:
        self._db.execute("REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    # Positions and indexes

    def _position(self, kind: str, object_id: str) -> int | None:
        row = self._db.execute("SELECT position FROM objects WHERE kind = ? AND id = ?", (kind, object_id)).fetchone()
        return row[0] if row else None

    def _new_position(self, kind: str, created: int, slot: int | None) -> int:
        start = created * SLOTS
        if slot is not None:
            while self._taken(kind, start + slot):
                slot = (slot + 1) % SLOTS
            return start + slot
        (last,) = self._db.execute(
            "SELECT max(position) FROM objects WHERE kind = ? AND position < ?", (kind, start + SLOTS)
        ).fetchone()
        position = max(start, (last or 0) + 1)
        # If shuffled objects took the last slots of the second, take any free slot.
        return position if position < start + SLOTS else self._new_position(kind, created, slot=0)

    def _taken(self, kind: str, position: int) -> bool:
        query = "SELECT 1 FROM objects WHERE kind = ? AND position = ?"
        return self._db.execute(query, (kind, position)).fetchone() is not None

    def _bounds(
        self, kind: str, *, after: str | None, before: str | None, created: tuple[int | None, int | None]
    ) -> tuple[int, int]:
        first, last = created
        low = 0 if first is None else min(max(0, first) * SLOTS, END)
        high = END if last is None else min((last + 1) * SLOTS, END)
        if after and (position := self._position(kind, after)) is not None:
            high = min(high, position)
        if before and (position := self._position(kind, before)) is not None:
            low = max(low, position + 1)
        return low, high

    def _link(self, obj: Object, position: int) -> None:
        kind = obj["object"]
        paths = KINDS[kind].indexed
        if not paths:
            return
        wanted = {(name, value) for name, path in paths.items() for value in values_at(obj, path)}
        query = "SELECT name, value FROM links WHERE kind = ? AND position = ?"
        present = set(self._db.execute(query, (kind, position)))
        self._db.executemany(
            "DELETE FROM links WHERE kind = ? AND name = ? AND value = ? AND position = ?",
            [(kind, name, value, position) for name, value in present - wanted],
        )
        self._db.executemany(
            "INSERT INTO links VALUES (?, ?, ?, ?)",
            [(kind, name, value, position) for name, value in wanted - present],
        )


def values_at(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Yield every string at the path, going through lists; for an object found there, yield its id."""
    if isinstance(value, list):
        for member in value:
            yield from values_at(member, path)
    elif isinstance(value, Mapping):
        name, *rest = path or ("id",)
        yield from values_at(value.get(name), tuple(rest))
    elif isinstance(value, str) and not path:
        yield value

"""The times at which objects are due: on the sandbox's own clock, or on a test clock."""

import sqlite3
from collections import deque
from heapq import heappop, heappush
from itertools import count

UNCLOCKED = frozenset({"coupon", "promotion_code"})  # Their due times are never a test clock's.
BATCH = 1000  # Times to read at once.
MOST = 5000  # Changes to keep in memory.

NEXT = "SELECT at, kind, id FROM due WHERE at <= ? ORDER BY at, rowid LIMIT ?"
NEXT_ON_CLOCK = "SELECT at, kind, id FROM due_on_clock WHERE at <= ? AND clock = ? ORDER BY at, rowid LIMIT 1"

Name = tuple[str, str]  # The kind and the id of an object.
Due = tuple[int, str, str]  # The time, and the name.
Saved = tuple[int, int]  # The time, and a number that grows with each one that is saved.


class DueTimes:
    """At most one time for each object; `clock` is the id of the test clock on whose time it is.

    The next times of the sandbox's own clock are in memory: those before `_known_until`.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._is_any_on_clock = db.execute("SELECT 1 FROM due_on_clock LIMIT 1").fetchone() is not None
        self._unwritten: dict[Name, Saved | None] = {}  # None: cleared.
        self.forget()

    def save(self, kind: str, object_id: str, at: int, *, clock: str | None) -> None:
        """Save a time in place of an earlier one; for a kind in `UNCLOCKED` it is one of the sandbox's own clock."""
        if clock and kind not in UNCLOCKED:
            self._is_any_on_clock = True
            self._db.execute("REPLACE INTO due_on_clock VALUES (?, ?, ?, ?)", (kind, object_id, at, clock))
            return
        saved = (at, next(self._order))
        self._unwritten.pop((kind, object_id), None)  # It is written in the order of saving.
        self._unwritten[kind, object_id] = saved
        if at < self._known_until:
            heappush(self._new, (saved, (kind, object_id)))

    def clear(self, kind: str, object_id: str) -> None:
        self._unwritten[kind, object_id] = None
        if self._is_any_on_clock:
            self._db.execute("DELETE FROM due_on_clock WHERE kind = ? AND id = ?", (kind, object_id))

    def next(self, until: int, *, clock: str | None) -> Due | None:
        """Return the earliest (time, kind, id) up to `until`, None if there is none."""
        if clock:
            row: Due | None = self._db.execute(NEXT_ON_CLOCK, (until, clock)).fetchone()
            return row
        due = self._first()
        if due is None and until >= self._known_until:
            self._read(until)
            due = self._first()
        return due if due and due[0] <= until else None

    def write(self) -> None:
        saved = [(*name, each[0]) for name, each in self._unwritten.items() if each]
        cleared = [name for name, each in self._unwritten.items() if each is None]
        self._db.executemany("DELETE FROM due WHERE kind = ? AND id = ?", cleared)
        self._db.executemany("REPLACE INTO due VALUES (?, ?, ?)", saved)
        self._changed |= self._unwritten
        self._unwritten.clear()
        if len(self._changed) > MOST:
            self.forget()

    def forget(self) -> None:
        """Drop what is in memory."""
        self._unwritten.clear()
        self._known_until = 0
        self._read_before: deque[Due] = deque()
        self._new: list[tuple[Saved, Name]] = []  # A heap of the times that were saved since then.
        self._changed: dict[Name, Saved | None] = {}  # Written since then.
        self._order = count()

    def _first(self) -> Due | None:
        """Return the earliest of the times in memory; among equal ones, that which was saved first."""
        while self._read_before and self._is_outdated(self._read_before[0]):
            self._read_before.popleft()
        while self._new and self._present(self._new[0][1]) != self._new[0][0]:
            heappop(self._new)
        if self._new and (not self._read_before or self._new[0][0][0] < self._read_before[0][0]):
            (at, _), (kind, object_id) = self._new[0]
            return at, kind, object_id
        return self._read_before[0] if self._read_before else None

    def _is_outdated(self, due: Due) -> bool:
        return due[1:] in self._unwritten or due[1:] in self._changed

    def _present(self, name: Name) -> Saved | None:
        return self._unwritten[name] if name in self._unwritten else self._changed.get(name)

    def _read(self, until: int) -> None:
        self.write()
        self.forget()
        self._read_before.extend(self._db.execute(NEXT, (until, BATCH)))
        is_all = len(self._read_before) < BATCH
        self._known_until = until + 1 if is_all else self._read_before[-1][0]

"""The times at which objects are due: on the sandbox's own clock, or on a test clock."""

import sqlite3

UNCLOCKED = frozenset({"coupon", "promotion_code"})  # Their due times are never a test clock's.

NEXT = "SELECT at, kind, id FROM due WHERE at <= ? ORDER BY at, rowid LIMIT 1"
NEXT_ON_CLOCK = "SELECT at, kind, id FROM due_on_clock WHERE at <= ? AND clock = ? ORDER BY at, rowid LIMIT 1"


class DueTimes:
    """At most one time for each object; `clock` is the id of the test clock on whose time it is."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._is_any_on_clock = db.execute("SELECT 1 FROM due_on_clock LIMIT 1").fetchone() is not None

    def save(self, kind: str, object_id: str, at: int, *, clock: str | None) -> None:
        """Save a time in place of an earlier one; for a kind in `UNCLOCKED` it is one of the sandbox's own clock."""
        if clock and kind not in UNCLOCKED:
            self._is_any_on_clock = True
            self._db.execute("REPLACE INTO due_on_clock VALUES (?, ?, ?, ?)", (kind, object_id, at, clock))
        else:
            self._db.execute("REPLACE INTO due VALUES (?, ?, ?)", (kind, object_id, at))

    def clear(self, kind: str, object_id: str) -> None:
        self._db.execute("DELETE FROM due WHERE kind = ? AND id = ?", (kind, object_id))
        if self._is_any_on_clock:
            self._db.execute("DELETE FROM due_on_clock WHERE kind = ? AND id = ?", (kind, object_id))

    def next(self, until: int, *, clock: str | None) -> tuple[int, str, str] | None:
        """Return the earliest (time, kind, id) up to `until`, None if there is none."""
        found = self._db.execute(NEXT_ON_CLOCK, (until, clock)) if clock else self._db.execute(NEXT, (until,))
        row: tuple[int, str, str] | None = found.fetchone()
        return row

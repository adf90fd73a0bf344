"""The state file: its format, and its table of the kinds of objects."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sandbox.core.kinds import KINDS
from sandbox.core.store import bodies

VERSION = 2  # Of the format.
CACHED_KIB = 32_000  # Of the file in memory: links are added all over it.
LOG_PAGES = 8_000  # To write to the log before they are copied to the file.
INDEXES = 64  # At most so many for each kind.

SCHEMA = """
CREATE TABLE IF NOT EXISTS kinds (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, indexes TEXT NOT NULL, present INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS objects (key INTEGER PRIMARY KEY, deleted INTEGER NOT NULL, body NOT NULL);
CREATE TABLE IF NOT EXISTS bundles (key INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS links (
    member INTEGER NOT NULL, value INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (member, value, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS due (kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS due_at ON due (at);
CREATE TABLE IF NOT EXISTS due_on_clock (
    kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, clock TEXT NOT NULL, PRIMARY KEY (kind, id)
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class UnreadableState(Exception):
    """The state file was written by another version of the sandbox."""

    @classmethod
    def other_version(cls, path: Path, version: int) -> "UnreadableState":
        return cls(
            f"The state file {path} has format {version}, and this sandbox reads format {VERSION}. Delete it, or "
            f"start the sandbox with another file."
        )


def opened(path: Path | None) -> sqlite3.Connection:
    """Open the file, made if it is missing, or a database in memory.

    Raises UnreadableState if the file has another format.
    """
    db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
    try:
        _check_version(db, path)
    except UnreadableState:
        db.close()
        raise
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute(f"PRAGMA cache_size = -{CACHED_KIB}")
    db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    db.executescript(SCHEMA + bodies.SCHEMA)
    return db


def empty(db: sqlite3.Connection) -> None:
    """Delete everything but the numbers of kinds and indexes."""
    for table in ("objects", "bundles", "links", "due", "due_on_clock", "settings", "dictionaries"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above.
    db.execute("UPDATE kinds SET present = 0")


class KindTable:
    """The number of each kind and of each indexed member in this file, and how many objects of a kind it has."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.numbers: dict[str, int] = {}
        self.members: dict[tuple[str, str], int] = {}
        self._present: dict[str, int] = {}
        self._unwritten: set[str] = set()

    def number_all(self) -> Iterator[str]:
        """Number the kinds and their indexes.

        Yield each kind that has indexes in kinds.py which the file lacks; they count as present once the caller has
        filled them and goes on.
        """
        for name, row in KINDS.items():
            number, present = self._row(name)
            self.numbers[name] = number
            new = [each for each in ("id", *row.indexed) if each not in present]
            for place, each in enumerate(present + new):
                self.members[name, each] = number * INDEXES + place
            if new:
                yield name
                self._db.execute("UPDATE kinds SET indexes = ? WHERE number = ?", (json.dumps(present + new), number))

    def members_of(self, kind: str) -> tuple[int, int]:
        """Return the range of the numbers of a kind's indexed members: the first, and the first of the next kind."""
        first = self.numbers[kind] * INDEXES
        return first, first + INDEXES

    def add_present(self, kind: str, number: int) -> None:
        """Count objects of a kind, which `write` will save."""
        if number:
            self._present[kind] = self._present.get(kind, 0) + number
            self._unwritten.add(kind)

    def present(self) -> dict[str, int]:
        """Return the number of objects of each kind that has any."""
        return {kind: number for kind, number in sorted(self._present.items()) if number > 0}

    def write(self) -> None:
        rows = [(self._present[kind], kind) for kind in self._unwritten]
        self._db.executemany("UPDATE kinds SET present = ? WHERE name = ?", rows)
        self._unwritten.clear()

    def reload(self) -> None:
        """Read the numbers of objects again, after a rollback."""
        self._present = dict(self._db.execute("SELECT name, present FROM kinds"))
        self._unwritten.clear()

    def _row(self, kind: str) -> tuple[int, list[str]]:
        query = "SELECT number, indexes FROM kinds WHERE name = ?"
        found = self._db.execute(query, (kind,)).fetchone()
        if found is None:
            self._db.execute("INSERT INTO kinds (name, indexes) VALUES (?, '[]')", (kind,))
            found = self._db.execute(query, (kind,)).fetchone()
        number, indexes = found
        return number, json.loads(indexes)


def _check_version(db: sqlite3.Connection, path: Path | None) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and version != VERSION:
        raise UnreadableState.other_version(path or Path(":memory:"), version or 1)
    db.execute(f"PRAGMA user_version = {VERSION}")

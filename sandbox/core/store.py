"""The store of all objects: one SQLite file, or memory if no path is given.

An object is a dict with at least `object` (the name of its kind), `id` and its time of creation. Reading returns a
copy; only `put` saves changes. Members whose names begin with an underscore are private to the sandbox. Stripe's rules
are not here.

Each object has a key: the number of its kind, the second of its creation, and a slot within that second. Lists are
ranges of keys. An index entry is (number of the indexed member, hash of the value, key).
"""

import json
import marshal
import sqlite3
import weakref
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sandbox.core import bodies, bundles
from sandbox.core.bodies import Bodies
from sandbox.core.kinds import KINDS, Finder

Object = dict[str, Any]
Index = tuple[str, str] | Mapping[str, str | Collection[str]]
Entry = tuple[int, int, int]  # Of an index: the number of the member, the hash of the value, the key.

SLOT_BITS = 24
SLOTS = 1 << SLOT_BITS  # Keys for objects of one kind within one second.
SECONDS = 1 << 32
KIND_SPAN = SECONDS * SLOTS
VERSION = 2  # Of the state file.
COUNTED = 500  # To choose the smallest of several indexes, count up to here.
CACHED = 2000
CACHED_BUNDLES = 8
UNCLOCKED = frozenset({"coupon", "promotion_code"})  # Their due times are never a test clock's.
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


NEXT_DUE = "SELECT at, kind, id FROM due WHERE at <= ? ORDER BY at, rowid LIMIT 1"
NEXT_DUE_ON_CLOCK = "SELECT at, kind, id FROM due_on_clock WHERE at <= ? AND clock = ? ORDER BY at, rowid LIMIT 1"
SOME = "SELECT 1 FROM links WHERE member = ? AND value = ? AND key >= ? AND key < ? LIMIT ?"
COUNT_SOME = f"SELECT count(*) FROM ({SOME})"  # noqa: S608 - the line above.
WALK = (
    "SELECT l.key, o.body FROM links l CROSS JOIN objects o ON o.key = l.key "
    "WHERE l.member = ? AND l.value = ? AND l.key >= ? AND l.key < ?"
)
IN_RANGE = "SELECT key, body FROM objects WHERE key >= ? AND key < ? AND deleted = 0 ORDER BY key"
IN_ORDER = {True: f"{IN_RANGE} ASC", False: f"{IN_RANGE} DESC"}  # By `oldest_first`.


@dataclass
class Savepoint:
    """A savepoint; set `keep` so that its writes stay although an exception ends it."""

    keep: bool = False


@dataclass
class Pending:
    """An object that is not yet written: the copy that `put` made, or the object itself that `add` was given.

    `links` are its index entries in the database.
    """

    key: int
    body: bytes | Object
    links: set[Entry]
    is_new: bool

    def obj(self) -> Object:
        """Return the object, only to be read."""
        return loaded(self.body) if isinstance(self.body, bytes) else self.body


class Store:
    """Objects by kind and id, newest first, with an index for the members that kinds.py lists.

    It also keeps the times at which objects are due, and settings. Within a savepoint, objects are written once: when
    it ends, or when a list needs them.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self.close = weakref.finalize(self, self._db.close)
        self._check_version(path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA + bodies.SCHEMA)
        self._depth = 0
        self.test_clock: str | None = None  # On whose time objects become due, if not on the sandbox's own.
        self._numbers: dict[str, int] = {}
        self._members: dict[tuple[str, str], int] = {}
        self._bodies = Bodies(self._db)
        self._forget()
        self._number_kinds()

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
                self._forget_changes()
                self._db.execute("ROLLBACK TO attempt")
                self._bodies.reload()
            raise
        finally:
            self._depth -= 1
            self._db.execute("RELEASE attempt")
            if not self._depth:
                self._changed_keys.clear()

    def clear(self) -> None:
        self._forget()
        for table in ("objects", "bundles", "links", "due", "due_on_clock", "settings", "dictionaries"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above.
        self._db.execute("UPDATE kinds SET present = 0")
        self._bodies.reload()

    # Objects

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return the object, or `{id, object, deleted: true}` for a deleted one."""
        key = self._key(kind, object_id)
        return None if key is None else self._read(kind, key)

    def put(self, obj: Object, *, slot: int | None = None) -> None:
        """Insert or overwrite the object.

        A new object is ordered after the others of its second, or by `slot` (0 to SLOTS - 1) within that second.
        """
        kind, object_id, body = obj["object"], obj["id"], copied(obj)
        row = KINDS[kind]
        key = self._key(kind, object_id)
        if key is None:
            key = self._new_key(kind, obj[row.created], slot)
            self._unwritten(kind)[key] = Pending(key, body, set(), is_new=True)
            self._keys[kind, object_id] = key
            self._changed_keys[key] = (kind, object_id)
        elif key in self._unwritten(kind):
            self._pending[kind][key].body = body
        else:
            before = self._read(kind, key) or {}
            self._unwritten(kind)[key] = Pending(key, body, self._links(before, key), is_new=False)
            self._changed_keys[key] = (kind, object_id)
        if not self._depth:
            self._write()

    def add(self, obj: Object, *, slot: int | None = None) -> None:
        """Insert an object with an id that was never used. It is not copied, so don't change it afterwards."""
        kind = obj["object"]
        key = self._new_key(kind, obj[KINDS[kind].created], slot)
        self._unwritten(kind)[key] = Pending(key, obj, set(), is_new=True)
        self._keys[kind, obj["id"]] = key
        self._changed_keys[key] = (kind, obj["id"])
        if not self._depth:
            self._write()

    def delete(self, kind: str, object_id: str) -> Object:
        """Replace the object by its stub, remove it from all lists, and return the stub."""
        stub = {"id": object_id, "object": kind, "deleted": True}
        self._write()
        key = self._key(kind, object_id)
        if key is not None:
            self._remove_links(kind, key, but_id=True)
            self._db.execute(
                "UPDATE objects SET body = ?, deleted = 1 WHERE key = ?", (self._bodies.pack(kind, stub), key)
            )
            self._count(kind, -1)
            self._cache.pop(key, None)
            self._changed_keys[key] = (kind, object_id)
        self.clear_due(kind, object_id)
        return stub

    def purge(self, kind: str, object_id: str) -> None:
        """Remove the row, leaving no stub: for the sandbox's own records."""
        self._write()
        key = self._key(kind, object_id)
        if key is not None:
            self._remove_links(kind, key)
            self._db.execute("DELETE FROM objects WHERE key = ?", (key,))
            self._count(kind, -1)
            self._cache.pop(key, None)
            self._keys.pop((kind, object_id), None)

    def drop_before(self, kind: str, moment: int) -> None:
        """Remove all objects of a kind that were created before the moment, leaving no stubs.

        It reads the kind's whole index, so call it seldom.
        """
        self._write()
        low, high = self._range(kind)
        high = min(high, low + moment * SLOTS)
        dropped = self._db.execute("DELETE FROM objects WHERE key >= ? AND key < ?", (low, high)).rowcount
        if dropped:
            self._db.execute("DELETE FROM bundles WHERE key >= ? AND key < ?", (low, high))
            first = self._numbers[kind] * INDEXES
            self._db.execute(
                "DELETE FROM links WHERE member >= ? AND member < ? AND key < ?", (first, first + INDEXES, high)
            )
            self._count(kind, -dropped)
            self._forget()

    def counts(self) -> dict[str, int]:
        """Return the number of objects of each kind, without deleted objects and the sandbox's own records."""
        self._write()
        query = "SELECT name, present FROM kinds WHERE present > 0 ORDER BY name"
        return {kind: count for kind, count in self._db.execute(query) if not kind.startswith("_")}

    def count(self, kind: str, index: tuple[str, str]) -> int:
        """Return the number of objects with this value of an indexed member."""
        self._write()
        name, value = index
        query = "SELECT count(*) FROM links WHERE member = ? AND value = ?"
        (found,) = self._db.execute(query, (self._members[kind, name], _hash(value))).fetchone()
        return int(found)

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
        if kind not in self._numbers:
            return
        self._write(kind)
        low, high = self._bounds(kind, after=after, before=before, created=created)
        wanted = dict([index] if isinstance(index, tuple) else index or {})
        if wanted:
            rows = self._indexed(kind, wanted, low, high, oldest_first=oldest_first)
        else:
            rows = self._db.execute(IN_ORDER[oldest_first], (low, high))
        for key, body in rows:
            yield self._decoded(key, body)

    # Times at which objects are due

    def set_due(self, kind: str, object_id: str, at: int) -> None:
        """Save the time at which sandbox/clock_effects.py next acts on this object, replacing an earlier one.

        Within the time of a test clock, it is a time of that clock, unless the object is of a kind in `UNCLOCKED`.
        """
        if self.test_clock and kind not in UNCLOCKED:
            row = (kind, object_id, at, self.test_clock)
            self._db.execute("REPLACE INTO due_on_clock VALUES (?, ?, ?, ?)", row)
        else:
            self._db.execute("REPLACE INTO due VALUES (?, ?, ?)", (kind, object_id, at))

    def clear_due(self, kind: str, object_id: str) -> None:
        self._db.execute("DELETE FROM due WHERE kind = ? AND id = ?", (kind, object_id))
        self._db.execute("DELETE FROM due_on_clock WHERE kind = ? AND id = ?", (kind, object_id))

    def next_due(self, until: int) -> tuple[int, str, str] | None:
        """Return the earliest (time, kind, id) due by `until`, None if there is none.

        Within the time of a test clock, only what is due on that clock counts.
        """
        if self.test_clock:
            found = self._db.execute(NEXT_DUE_ON_CLOCK, (until, self.test_clock))
        else:
            found = self._db.execute(NEXT_DUE, (until,))
        row: tuple[int, str, str] | None = found.fetchone()
        return row

    # Settings

    def setting(self, name: str, default: Any = None) -> Any:
        if name not in self._settings:
            row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
            self._settings[name] = row[0] if row else None
        text = self._settings[name]
        return default if text is None else json.loads(text)

    def save_setting(self, name: str, value: Any) -> None:
        text = json.dumps(value)
        self._db.execute("REPLACE INTO settings VALUES (?, ?)", (name, text))
        self._settings[name] = text

    # Reading rows

    def _read(self, kind: str, key: int) -> Object | None:
        if pending := self._unwritten(kind).get(key):
            return loaded(copied(pending.obj()))
        if key in self._cache:
            self._cache.move_to_end(key)
            return loaded(self._cache[key])
        row = self._db.execute("SELECT body FROM objects WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        obj = self._decoded(key, row[0])
        self._remember(key, copied(obj))
        return obj

    def _decoded(self, key: int, body: bytes | int | str) -> Object:
        """Return the object: from its own body, or from its bundle with the changes since."""
        if key in self._cache:
            return loaded(self._cache[key])
        if isinstance(body, bytes):
            obj: Object = self._bodies.unpack(body)
            return obj
        place, changes = (body, {}) if isinstance(body, int) else json.loads(body)
        distance, number = divmod(place, bundles.LARGEST)
        whole = loaded(self._bundle(key - distance)[number])
        return {**whole, **changes}

    def _bundle(self, key: int) -> list[bytes]:
        if key not in self._bundles:
            (body,) = self._db.execute("SELECT body FROM bundles WHERE key = ?", (key,)).fetchone()
            self._bundles[key] = [copied(event) for event in bundles.grow(self._bodies.unpack(body))]
            if len(self._bundles) > CACHED_BUNDLES:
                self._bundles.popitem(last=False)
        return self._bundles[key]

    def _remember(self, key: int, body: bytes) -> None:
        self._cache[key] = body
        self._cache.move_to_end(key)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)

    def _forget(self) -> None:
        """Drop what is in memory, written or not."""
        self._pending: dict[str, dict[int, Pending]] = {}
        self._newest: dict[int, int] = {}  # By the first key of a second, the newest key in it.
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._keys: dict[tuple[str, str], int] = {}
        self._bundles: OrderedDict[int, list[bytes]] = OrderedDict()
        self._settings: dict[str, str | None] = {}
        self._changed_keys: dict[int, tuple[str, str]] = {}  # In this transaction; the name of each.

    def _forget_changes(self) -> None:
        """Drop from memory what this transaction has changed, written or not."""
        self._pending = {}
        self._newest.clear()
        self._settings.clear()
        for key, name in self._changed_keys.items():
            self._cache.pop(key, None)
            self._keys.pop(name, None)
            self._bundles.pop(key, None)

    # Writing rows

    def _write(self, kind: str | None = None) -> None:
        """Write the pending objects, all or those of one kind."""
        if kind is None:
            for each_kind in list(self._pending):
                self._write(each_kind)
            return
        chosen = self._pending.pop(kind, {})
        if not chosen:
            return
        rows: list[tuple[int, Any]] = []
        bundled: list[tuple[int, Object]] = []
        gone: list[Entry] = []
        come: list[Entry] = []
        for each in chosen.values():
            obj = each.obj()
            links = self._links(obj, each.key)
            gone += each.links - links
            come += links - each.links
            if each.is_new and KINDS[kind].is_bundled:
                bundled.append((each.key, obj))
            else:
                rows.append((each.key, self._stored(each.key, obj)))
            if isinstance(each.body, bytes):
                self._remember(each.key, each.body)
        self._db.executemany("DELETE FROM links WHERE member = ? AND value = ? AND key = ?", gone)
        self._db.executemany("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", come)
        self._count(kind, sum(each.is_new for each in chosen.values()))
        self._db.executemany(
            "INSERT INTO objects VALUES (?, 0, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            [*rows, *self._bundled(bundled)],
        )
        if len(self._keys) > CACHED and not any(self._pending.values()):
            self._keys.clear()
            self._newest.clear()

    def _stored(self, key: int, obj: Object) -> bytes | str:
        """Return the body to store: the object, or what has changed in a bundled one."""
        kind = obj["object"]
        return self._changed(key, obj) if KINDS[kind].is_bundled else self._bodies.pack(kind, obj)

    def _bundled(self, events: list[tuple[int, Object]]) -> Iterator[tuple[int, int]]:
        """Store new events in bundles, those of a second together; yield the places of the events."""
        for _, group in groupby(events, key=lambda each: each[0] >> SLOT_BITS):
            members = list(group)
            for start in range(0, len(members), bundles.LARGEST):
                part = members[start : start + bundles.LARGEST]
                first = min(map(itemgetter(0), part))
                body = self._bodies.pack("bundle", bundles.shrink([event for _, event in part]))
                self._db.execute("INSERT INTO bundles VALUES (?, ?)", (first, body))
                for number, (key, _) in enumerate(part):
                    yield key, (key - first) * bundles.LARGEST + number

    def _changed(self, key: int, event: Object) -> str:
        """Return the body of a bundled event that has changed: its place, and the members that differ."""
        (body,) = self._db.execute("SELECT body FROM objects WHERE key = ?", (key,)).fetchone()
        place = body if isinstance(body, int) else json.loads(body)[0]
        distance, number = divmod(place, bundles.LARGEST)
        before = loaded(self._bundle(key - distance)[number])
        return json.dumps([place, {name: value for name, value in event.items() if before.get(name) != value}])

    def _remove_links(self, kind: str, key: int, *, but_id: bool = False) -> None:
        obj = self._read(kind, key) or {}
        entries = self._links(obj, key)
        if but_id:
            entries.discard(self._entry(kind, "id", obj["id"], key))
        self._db.executemany("DELETE FROM links WHERE member = ? AND value = ? AND key = ?", list(entries))

    def _count(self, kind: str, number: int) -> None:
        self._db.execute("UPDATE kinds SET present = present + ? WHERE name = ?", (number, kind))

    # Keys and indexes

    def _check_version(self, path: Path | None) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and version != VERSION:
            self.close()
            raise UnreadableState.other_version(path or Path(":memory:"), version or 1)
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _number_kinds(self) -> None:
        """Number the kinds and their indexes, and fill the indexes that kinds.py has and the file has not."""
        for name, row in KINDS.items():
            found = self._db.execute("SELECT number, indexes FROM kinds WHERE name = ?", (name,)).fetchone()
            if found is None:
                self._db.execute("INSERT INTO kinds (name, indexes) VALUES (?, '[]')", (name,))
                found = self._db.execute("SELECT number, indexes FROM kinds WHERE name = ?", (name,)).fetchone()
            number, text = found
            self._numbers[name] = number
            present: list[str] = json.loads(text)
            new = [each for each in ("id", *row.indexed) if each not in present]
            for place, each in enumerate(present + new):
                self._members[name, each] = number * INDEXES + place
            if new:
                self._fill(name)
                self._db.execute("UPDATE kinds SET indexes = ? WHERE number = ?", (json.dumps(present + new), number))

    def _fill(self, kind: str) -> None:
        low, high = self._range(kind)
        rows = self._db.execute(
            "SELECT key, body FROM objects WHERE key >= ? AND key < ? AND deleted = 0", (low, high)
        )
        for key, body in rows.fetchall():
            entries = self._links(self._decoded(key, body), key)
            self._db.executemany("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", list(entries))

    def _range(self, kind: str) -> tuple[int, int]:
        low = self._numbers[kind] * KIND_SPAN
        return low, low + KIND_SPAN

    def _unwritten(self, kind: str) -> dict[int, Pending]:
        return self._pending.setdefault(kind, {})

    def _key(self, kind: str, object_id: str) -> int | None:
        if kind not in self._numbers:
            return None
        if (kind, object_id) in self._keys:
            return self._keys[kind, object_id]
        row = self._db.execute(
            "SELECT key FROM links WHERE member = ? AND value = ?", (self._members[kind, "id"], _hash(object_id))
        ).fetchone()
        if row:
            self._keys[kind, object_id] = row[0]
        return row[0] if row else None

    def _new_key(self, kind: str, created: int, slot: int | None) -> int:
        start = self._range(kind)[0] + min(max(0, created), SECONDS - 1) * SLOTS
        if slot is not None:
            while self._taken(kind, start + slot):
                slot = (slot + 1) % SLOTS
            self._newest[start] = max(self._last_key(start), start + slot)
            return start + slot
        key = max(start, self._last_key(start) + 1)
        # If shuffled objects took the last slots of the second, take any free slot.
        if key >= start + SLOTS:
            return self._new_key(kind, created, slot=0)
        self._newest[start] = key
        return key

    def _last_key(self, start: int) -> int:
        """Return the newest key of the second that begins with `start`, written or not, 0 if there is none."""
        if start in self._newest:
            return self._newest[start]
        query = "SELECT max(key) FROM objects WHERE key >= ? AND key < ?"
        (last,) = self._db.execute(query, (start, start + SLOTS)).fetchone()
        return last or 0

    def _taken(self, kind: str, key: int) -> bool:
        if key in self._unwritten(kind):
            return True
        return self._db.execute("SELECT 1 FROM objects WHERE key = ?", (key,)).fetchone() is not None

    def _bounds(
        self, kind: str, *, after: str | None, before: str | None, created: tuple[int | None, int | None]
    ) -> tuple[int, int]:
        first, last = created
        start, end = self._range(kind)
        low = start if first is None else start + min(max(0, first), SECONDS) * SLOTS
        high = end if last is None else start + min(max(0, last + 1), SECONDS) * SLOTS
        if after and (key := self._key(kind, after)) is not None:
            high = min(high, key)
        if before and (key := self._key(kind, before)) is not None:
            low = max(low, key + 1)
        return low, high

    def _indexed(
        self, kind: str, wanted: Mapping[str, str | Collection[str]], low: int, high: int, *, oldest_first: bool
    ) -> Iterator[tuple[int, Any]]:
        """Yield the rows with all the wanted values, in order: walk the smallest index, and probe the others."""
        hashes = {
            self._members[kind, name]: sorted(map(_hash, [value] if isinstance(value, str) else set(value)))
            for name, value in wanted.items()
        }
        walked, *probed = hashes if len(hashes) == 1 else self._smallest_first(hashes, low, high)
        conditions = "".join(
            f" AND EXISTS (SELECT 1 FROM links m WHERE m.member = {member} "  # noqa: S608 - only integers.
            f"AND m.value IN ({','.join(map(str, hashes[member]))}) AND m.key = l.key)"
            for member in probed
        )
        order = "ASC" if oldest_first else "DESC"
        query = f"{WALK}{conditions} ORDER BY l.key {order}"
        walks = [self._db.execute(query, (walked, value, low, high)) for value in hashes[walked]]
        previous = None
        for row in merge(*walks, key=itemgetter(0), reverse=not oldest_first) if len(walks) > 1 else walks[0]:
            if row[0] != previous:  # An object can have several of the values.
                yield row
            previous = row[0]

    def _smallest_first(self, hashes: Mapping[int, list[int]], low: int, high: int) -> list[int]:
        sizes = {
            member: sum(self._count_up_to(member, value, low, high) for value in values)
            for member, values in hashes.items()
        }
        return sorted(hashes, key=lambda member: sizes[member])

    def _count_up_to(self, member: int, value: int, low: int, high: int) -> int:
        (found,) = self._db.execute(COUNT_SOME, (member, value, low, high, COUNTED)).fetchone()
        return int(found)

    def _links(self, obj: Object, key: int) -> set[Entry]:
        if not obj or obj.get("deleted"):
            return set()
        kind, members = obj["object"], self._members
        links = {(members[kind, "id"], _hash(obj["id"]), key)}
        for name, finder in KINDS[kind].indexed.items():
            for value in found_values(obj, finder):
                links.add((members[kind, name], _hash(value), key))
        return links

    def _entry(self, kind: str, name: str, value: str, key: int) -> Entry:
        return self._members[kind, name], _hash(value), key


def found_values(obj: Object, finder: Finder) -> Iterable[str]:
    """Return the values of one index: those at its path, or those that its function returns."""
    return values_at(obj, finder) if isinstance(finder, tuple) else finder(obj)


def values_at(value: Any, path: tuple[str, ...]) -> Iterable[str]:
    """Return every text at the path, going through lists; for an object found there, its id.

    Booleans count as the texts `true` and `false`.
    """
    for place, name in enumerate(path):
        if isinstance(value, list):
            return [found for member in value for found in values_at(member, path[place:])]
        value = value.get(name) if isinstance(value, dict) else None
    return _texts(value)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, list):
        return [found for member in value for found in _texts(member)]
    return _texts(value.get("id")) if isinstance(value, dict) else ()


@lru_cache(maxsize=4096)
def _hash(value: str) -> int:
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "big", signed=True)


def copied(obj: Object) -> bytes:
    """Return a copy of the object as it is in JSON; marshal is several times faster, and stays in memory."""
    try:
        return marshal.dumps(obj)
    except ValueError:  # It knows no enums, JSON does.
        return marshal.dumps(json.loads(json.dumps(obj)))


def loaded(copied: bytes) -> Object:
    obj: Object = marshal.loads(copied)  # noqa: S302 - made by copied in this process.
    return obj

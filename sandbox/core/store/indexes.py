"""The indexes of objects: a link for each value of the members that kinds.py lists, and one for the id."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from heapq import merge
from operator import itemgetter
from typing import Any

from sandbox.core.kinds import KINDS, Finder
from sandbox.core.store.bodies import Object
from sandbox.core.store.state_file import KindTable

Index = tuple[str, str] | Mapping[str, str | Collection[str]]
Link = tuple[int, str]  # The number of a member, and a value of it.
Wanted = Mapping[int, list[str]]  # By the number of a member, the values that match: one of them is enough.
Hashes = Mapping[int, list[int]]

COUNTED = 500  # To choose the smallest of several indexes, count up to here.

ADD = "INSERT OR IGNORE INTO links VALUES (?, ?, ?)"
REMOVE = "DELETE FROM links WHERE member = ? AND value = ? AND key = ?"
SOME = "SELECT 1 FROM links WHERE member = ? AND value = ? AND key >= ? AND key < ? LIMIT ?"
COUNT_SOME = f"SELECT count(*) FROM ({SOME})"  # noqa: S608 - the line above.
WALK = (
    "SELECT l.key, o.body FROM links l CROSS JOIN objects o ON o.key = l.key "
    "WHERE l.member = ? AND l.value = ? AND l.key >= ? AND l.key < ?"
)


class Indexes:
    """Keeps the entries of objects, and finds objects by them."""

    def __init__(self, db: sqlite3.Connection, kinds: KindTable) -> None:
        self._db = db
        self._kinds = kinds
        self._members = kinds.members
        self._names: dict[str, list[str] | None] = {}
        self._finders: dict[str, tuple[list[tuple[str, int]], list[tuple[Finder, int]]]] = {}

    def links(self, obj: Object) -> set[Link]:
        """Return the links that an object should have besides that of its id; a stub or an empty one has none."""
        if not obj or obj.get("deleted"):
            return set()
        kind = obj["object"]
        members, finders = self._finders.get(kind) or self._sorted_finders(kind)
        found = set()
        for name, member in members:
            value = obj.get(name)
            if value.__class__ is str:
                found.add((member, value))
            elif value is not None:
                found.update([(member, each) for each in _texts(value)])
        for finder, member in finders:
            values = values_at(obj, finder) if isinstance(finder, tuple) else finder(obj)
            if values:
                found.update([(member, each) for each in values])
        return found

    def differ(self, before: Object, after: Object) -> bool:
        """Return whether two states of an object differ in a member that is indexed, or that has an indexed one."""
        kind = after["object"]
        if kind not in self._names:
            self._names[kind] = _first_names(kind)
        names = self._names[kind]
        if names is None or not before or before.get("deleted"):
            return True
        for name in names:
            old, new = before.get(name), after.get(name)
            if old is not new and old != new:
                return True
        return False

    def _sorted_finders(self, kind: str) -> tuple[list[tuple[str, int]], list[tuple[Finder, int]]]:
        """Return (name, number) of each index of a plain member, and (finder, number) of each other index."""
        numbered = [(finder, self._members[kind, name]) for name, finder in KINDS[kind].indexed.items()]
        members = [
            (finder[0], number) for finder, number in numbered if isinstance(finder, tuple) and len(finder) == 1
        ]
        others = [(finder, number) for finder, number in numbered if not isinstance(finder, tuple) or len(finder) > 1]
        self._finders[kind] = (members, others)
        return members, others

    def id_link(self, kind: str, object_id: str) -> Link:
        """Return the link of an object's id."""
        return self._members[kind, "id"], object_id

    def add(self, links: Iterable[tuple[Link, int]]) -> None:
        """Add links to the objects with these keys."""
        self._db.executemany(ADD, [(member, hashed(value), key) for (member, value), key in links])

    def remove(self, links: Iterable[tuple[Link, int]]) -> None:
        """Remove links to the objects with these keys."""
        self._db.executemany(REMOVE, [(member, hashed(value), key) for (member, value), key in links])

    def remove_before(self, kind: str, key: int) -> None:
        """Remove the entries of a kind's objects with lesser keys."""
        query = "DELETE FROM links WHERE member >= ? AND member < ? AND key < ?"
        self._db.execute(query, (*self._kinds.members_of(kind), key))

    def key(self, kind: str, object_id: str) -> int | None:
        """Return the key of the object with this id."""
        query = "SELECT key FROM links WHERE member = ? AND value = ?"
        row = self._db.execute(query, (self._members[kind, "id"], hashed(object_id))).fetchone()
        return row[0] if row else None

    def count(self, kind: str, name: str, value: str) -> int:
        query = "SELECT count(*) FROM links WHERE member = ? AND value = ?"
        (found,) = self._db.execute(query, (self._members[kind, name], hashed(value))).fetchone()
        return int(found)

    def wanted(self, kind: str, values: Mapping[str, str | Collection[str]]) -> Wanted:
        """Return the wanted values of indexed members by the members' numbers."""
        return {
            self._members[kind, name]: [value] if isinstance(value, str) else sorted(set(value))
            for name, value in values.items()
        }

    def rows(self, wanted: Wanted, low: int, high: int, *, oldest_first: bool) -> Iterator[tuple[int, Any]]:
        """Yield the rows with all the wanted values, in order: walk the smallest index, and probe the others."""
        hashes = {member: sorted(map(hashed, values)) for member, values in wanted.items()}
        walked, *probed = hashes if len(hashes) == 1 else self._smallest_first(hashes, low, high)
        order = "ASC" if oldest_first else "DESC"
        query = f"{WALK}{_conditions(hashes, probed)} ORDER BY l.key {order}"
        walks = [self._db.execute(query, (walked, value, low, high)) for value in hashes[walked]]
        if len(walks) == 1:
            yield from walks[0]
            return
        previous = None
        for row in merge(*walks, key=itemgetter(0), reverse=not oldest_first):
            if row[0] != previous:  # An object can have several of the values.
                yield row
            previous = row[0]

    def _smallest_first(self, hashes: Hashes, low: int, high: int) -> list[int]:
        sizes = {
            member: sum(self._count_up_to(member, value, low, high) for value in values)
            for member, values in hashes.items()
        }
        return sorted(hashes, key=lambda member: sizes[member])

    def _count_up_to(self, member: int, value: int, low: int, high: int) -> int:
        (found,) = self._db.execute(COUNT_SOME, (member, value, low, high, COUNTED)).fetchone()
        return int(found)


def _first_names(kind: str) -> list[str] | None:
    """Return the object's own members that its indexes are about or lead through; None if only a function knows."""
    finders = KINDS[kind].indexed.values()
    return [finder[0] for finder in finders if isinstance(finder, tuple)] if all(map(_is_path, finders)) else None


def _is_path(finder: Finder) -> bool:
    return isinstance(finder, tuple)


def _conditions(hashes: Hashes, members: Iterable[int]) -> str:
    """Return the SQL conditions for the members that are not walked: a row must have one of the values of each."""
    return "".join(
        f" AND EXISTS (SELECT 1 FROM links m WHERE m.member = {member} "  # noqa: S608 - only integers.
        f"AND m.value IN ({','.join(map(str, hashes[member]))}) AND m.key = l.key)"
        for member in members
    )


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
def hashed(value: str) -> int:
    """Return the number that stands for a value in the indexes."""
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "big", signed=True)

"""The changes of a transaction: objects that are written later, all at once, and the keys of all that it changed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import Any

from sandbox.core.kinds import KINDS
from sandbox.core.store.bodies import Object
from sandbox.core.store.indexes import Indexes, Link, Wanted
from sandbox.core.store.kept import Kept
from sandbox.core.store.keys import Keys, Name
from sandbox.core.store.rows import Rows
from sandbox.core.store.state_file import KindTable

MOST = 2000  # Objects to keep unwritten.


@dataclass(slots=True)
class Pending:
    """An object that is not yet written; None for a new event, which its bundle has.

    `links` are those that it should have in the indexes, `written` those in the database; both are None if the object
    has not changed in what is indexed.
    """

    key: int
    kept: Kept | None
    links: set[Link] | None
    written: set[Link] | None
    is_new: bool


class Changes:
    """Takes new and changed objects, and writes each once."""

    def __init__(self, *, kinds: KindTable, keys: Keys, indexes: Indexes, rows: Rows) -> None:
        self._kinds = kinds
        self._keys = keys
        self._indexes = indexes
        self._rows = rows
        self._pending: defaultdict[str, dict[int, Pending]] = defaultdict(dict)
        self._number = 0
        self._linked: defaultdict[Link, set[int]] = defaultdict(set)  # Keys of pending objects.
        self.names: dict[int, Name] = {}  # By key, the objects that this transaction has changed.

    @property
    def are_many(self) -> bool:
        """Whether memory has more pending objects than it should."""
        return self._number > MOST

    def get(self, kind: str, key: int) -> Object | None:
        """Return an object as it is now, written or not."""
        pending = self._unbundled(kind).get(key)
        kept = pending.kept if pending else self._rows.get(key)
        return kept.copy() if kept else None

    def put(self, obj: Object, *, slot: int | None, is_new: bool) -> None:
        """Take a copy of a new or a changed object."""
        kind, object_id = obj["object"], obj["id"]
        key = None if is_new else self._keys.find(kind, object_id)
        if key is None:
            self._take_new(obj, slot)
            return
        pending = self._unbundled(kind).get(key)
        kept = pending.kept if pending else self._rows.get(key)
        before = kept.content if kept else {}
        if pending is None:
            pending = Pending(key, None, None, None, is_new=False)
            self._take(kind, object_id, pending)
        pending.kept = Kept(obj)
        if self._indexes.differ(before, obj):
            self._link_anew(pending, before, obj)

    def reserve(self, kind: str, created: int, *, slot: int | None) -> str:
        """Return the id of a new object that is to be added."""
        return self._keys.reserve(kind, created, slot=slot, unwritten=self._pending[kind])

    def add(self, obj: Object, *, slot: int | None) -> None:
        """Take a new object."""
        self._take_new(obj, slot)

    def find(self, kind: str, wanted: Wanted, low: int, high: int, *, oldest_first: bool) -> Iterator[Object]:
        """Yield the objects in a range of keys that have all the wanted values, written or not."""
        pending = self._unbundled(kind)
        rows = self._indexes.rows(wanted, low, high, oldest_first=oldest_first)
        for key, found in self._with_pending(pending, wanted, rows, low, high, oldest_first=oldest_first):
            yield found.copy() if key in pending else self._rows.decoded(key, found)

    def write(self, kind: str | None = None) -> None:
        """Write the pending objects, all or those of one kind."""
        for each in list(self._pending) if kind is None else (kind,):
            if chosen := self._pending.pop(each, None):
                self._write(each, list(chosen.values()))
                if kind is not None and not KINDS[kind].is_bundled:
                    for pending in chosen.values():
                        self._unlink(pending)
        if not self._number:
            self._linked.clear()

    def forget(self) -> None:
        """Drop the pending objects. `names` stays, because a rollback of an outer savepoint needs it."""
        self._pending.clear()
        self._linked.clear()
        self._number = 0
        self._rows.drop_unwritten()

    def _unbundled(self, kind: str) -> dict[int, Pending]:
        """Return the kind's pending objects. Bundled ones are written first, because only bundles have them."""
        if KINDS[kind].is_bundled:
            self.write(kind)
        return self._pending[kind]

    def _take_new(self, obj: Object, slot: int | None) -> None:
        kind, object_id, is_bundled = obj["object"], obj["id"], KINDS[obj["object"]].is_bundled
        created = obj[KINDS[kind].created]
        key = self._keys.new(kind, object_id, created, slot=slot, unwritten=self._pending[kind])
        links = self._indexes.links(obj)
        pending = Pending(key, None if is_bundled else Kept(obj), links, set(), is_new=True)
        self._take(kind, object_id, pending)
        if is_bundled:
            self._rows.add_bundled(key, obj)
        else:
            self._link(pending)

    def _take(self, kind: str, object_id: str, pending: Pending) -> None:
        self._pending[kind][pending.key] = pending
        self._number += 1
        self.names[pending.key] = (kind, object_id)

    def _link_anew(self, pending: Pending, before: Object, obj: Object) -> None:
        if pending.links is None:
            pending.written = self._indexes.links(before)
        self._unlink(pending)
        pending.links = self._indexes.links(obj)
        self._link(pending)

    def _link(self, pending: Pending) -> None:
        for link in pending.links or ():
            self._linked[link].add(pending.key)

    def _unlink(self, pending: Pending) -> None:
        for link in pending.links or ():
            self._linked[link].discard(pending.key)

    def _with_pending(
        self,
        pending: dict[int, Pending],
        wanted: Wanted,
        rows: Iterator[tuple[int, Any]],
        low: int,
        high: int,
        *,
        oldest_first: bool,
    ) -> Iterator[tuple[int, Any]]:
        """Put the pending objects with the wanted values in the place of written rows."""
        if not pending:
            return rows
        found = [
            {key for value in values for key in self._linked.get((member, value), ())}
            for member, values in wanted.items()
        ]
        keys = sorted(set.intersection(*found), reverse=not oldest_first)
        unwritten = ((key, pending[key].kept) for key in keys if low <= key < high)
        others = (
            (key, pending[key].kept if key in pending else body) for key, body in rows if self._stays(pending, key)
        )
        return merge(unwritten, others, key=itemgetter(0), reverse=not oldest_first) if keys else others

    def _stays(self, pending: dict[int, Pending], key: int) -> bool:
        """Return whether a written row is still where the indexes have it."""
        return key not in pending or pending[key].links is None

    def _write(self, kind: str, chosen: list[Pending]) -> None:
        bodies: list[tuple[int, bytes | str]] = []
        gone: list[tuple[Link, int]] = []
        come: list[tuple[Link, int]] = []
        for each in chosen:
            links, written = each.links or set(), each.written or set()
            gone += [(link, each.key) for link in written - links]
            come += [(link, each.key) for link in links - written]
            if each.is_new and not self._keys.is_in_id(*self.names[each.key], each.key):
                come.append((self._indexes.id_link(*self.names[each.key]), each.key))
            if each.kept is not None:
                bodies.append((each.key, self._rows.body(each.key, each.kept.content)))
                self._rows.remember(each.key, each.kept)
        self._number -= len(chosen)
        self._indexes.remove(gone)
        self._indexes.add(come)
        self._kinds.add_present(kind, sum(each.is_new for each in chosen))
        self._rows.save(bodies)
        if KINDS[kind].is_bundled:
            self._rows.save_bundled()
        if self._keys.are_many and not any(self._pending.values()):
            self._keys.forget()

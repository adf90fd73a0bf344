"""The changes of a transaction: objects that are written later, all at once, and the keys of all that it changed."""

from dataclasses import dataclass

from sandbox.core.kinds import KINDS
from sandbox.core.store.bodies import Object, copied, loaded
from sandbox.core.store.indexes import Entry, Indexes
from sandbox.core.store.keys import Keys, Name
from sandbox.core.store.rows import Rows
from sandbox.core.store.state_file import KindTable


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

    def text(self) -> bytes:
        """Return the object's JSON."""
        return self.body if isinstance(self.body, bytes) else copied(self.body)


class Changes:
    """Takes new and changed objects, and writes each once."""

    def __init__(self, *, kinds: KindTable, keys: Keys, indexes: Indexes, rows: Rows) -> None:
        self._kinds = kinds
        self._keys = keys
        self._indexes = indexes
        self._rows = rows
        self._pending: dict[str, dict[int, Pending]] = {}
        self.names: dict[int, Name] = {}  # By key, the objects that this transaction has changed.

    def get(self, kind: str, key: int) -> Object | None:
        """Return an object as it is now, written or not."""
        if pending := self._of(kind).get(key):
            return loaded(pending.text())
        return self._rows.get(key)

    def put(self, obj: Object, *, slot: int | None) -> None:
        """Take a copy of a new or a changed object."""
        kind, object_id, body = obj["object"], obj["id"], copied(obj)
        key = self._keys.find(kind, object_id)
        if key is None:
            self._take_new(obj, body, slot)
        elif key in self._of(kind):
            self._pending[kind][key].body = body
        else:
            before = self._rows.get(key) or {}
            self._take(kind, object_id, Pending(key, body, self._indexes.entries(before, key), is_new=False))

    def add(self, obj: Object, *, slot: int | None) -> None:
        """Take a new object itself."""
        self._take_new(obj, obj, slot)

    def write(self, kind: str | None = None) -> None:
        """Write the pending objects, all or those of one kind."""
        for each in list(self._pending) if kind is None else (kind,):
            if chosen := self._pending.pop(each, None):
                self._write(each, list(chosen.values()))

    def forget(self) -> None:
        """Drop the pending objects. `names` stays, because a rollback of an outer savepoint needs it."""
        self._pending = {}

    def _of(self, kind: str) -> dict[int, Pending]:
        return self._pending.setdefault(kind, {})

    def _take_new(self, obj: Object, body: bytes | Object, slot: int | None) -> None:
        kind, object_id = obj["object"], obj["id"]
        created = obj[KINDS[kind].created]
        key = self._keys.new(kind, object_id, created, slot=slot, unwritten=self._of(kind))
        self._take(kind, object_id, Pending(key, body, set(), is_new=True))

    def _take(self, kind: str, object_id: str, pending: Pending) -> None:
        self._pending[kind][pending.key] = pending
        self.names[pending.key] = (kind, object_id)

    def _write(self, kind: str, chosen: list[Pending]) -> None:
        bodies: list[tuple[int, bytes | str]] = []
        new_events: list[tuple[int, Object]] = []
        gone: list[Entry] = []
        come: list[Entry] = []
        for each in chosen:
            obj = each.obj()
            links = self._indexes.entries(obj, each.key)
            gone += each.links - links
            come += links - each.links
            if each.is_new and KINDS[kind].is_bundled:
                new_events.append((each.key, obj))
            else:
                bodies.append((each.key, self._rows.body(kind, each.key, each.text())))
            if isinstance(each.body, bytes):
                self._rows.remember(each.key, each.body)
        self._indexes.remove(gone)
        self._indexes.add(come)
        self._kinds.add_present(kind, sum(each.is_new for each in chosen))
        self._rows.save(bodies, new_events)
        if self._keys.are_many and not any(self._pending.values()):
            self._keys.forget()

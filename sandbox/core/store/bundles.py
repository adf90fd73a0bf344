"""Bundles: the events of one second, stored together, because their objects are mostly the same.

An object that occurs again is stored as its changes since the occurrence before.
"""

import json
import sqlite3
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sandbox.core.store.bodies import Bodies, Object, copied, joined, loaded
from sandbox.core.store.kept import Kept
from sandbox.core.store.keys import SLOT_BITS

LARGEST = 32
CACHED = 8
SINCE = "_since"  # The place in the bundle of the event with the same object.
GONE = "_gone"  # The members that the object had there and has no more.


@dataclass
class Bundle:
    """New events of one second that are not yet written: the JSON of each, and the last state of their objects."""

    second: int = -1
    keys: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    latest: dict[tuple[Any, Any], tuple[int, Kept]] = field(default_factory=dict)

    def takes(self, key: int) -> bool:
        """Return whether an event with this key belongs here."""
        return self.second == key >> SLOT_BITS and len(self.keys) < LARGEST

    def add(self, key: int, event: Object) -> None:
        """Add an event; an object that it repeats is replaced by its changes."""
        content = _content(event)
        name = (content.get("object"), content.get("id"))
        if content and name in self.latest:
            place, before = self.latest[name]
            shown = event | {"data": event["data"] | {"object": _changes(before.content, content, place)}}
        else:
            shown = event
        self.latest[name] = (len(self.keys), Kept(content))
        self.keys.append(key)
        self.texts.append(copied(shown))


class Bundles:
    """Stores and reads bundles; each has the key of its first event.

    The row of an event has its place, or its place and its changes since, as JSON. A place is the distance of the
    event's key from the bundle's, times LARGEST, plus the number of the event within the bundle.
    """

    def __init__(self, db: sqlite3.Connection, bodies: Bodies) -> None:
        self._db = db
        self._bodies = bodies
        self._latest: OrderedDict[int, list[bytes]] = OrderedDict()
        self._unwritten: list[tuple[int, bytes]] = []  # Bundles by their keys.
        self._places: list[tuple[int, int]] = []  # Of their events, by key.
        self._open = Bundle()

    def add(self, key: int, event: Object) -> None:
        """Add a new event, which `write` will store."""
        if not self._open.takes(key):
            self._close()
            self._open = Bundle(key >> SLOT_BITS)
        self._open.add(key, event)

    def write(self) -> list[tuple[int, int]]:
        """Store the new events, and return the places by their keys."""
        self._close()
        self._db.executemany("INSERT INTO bundles VALUES (?, ?)", self._unwritten)
        places = self._places
        self.drop_unwritten()
        return places

    def drop_unwritten(self) -> None:
        """Forget the new events."""
        self._open, self._unwritten, self._places = Bundle(), [], []

    def event(self, key: int, row: int | str) -> Object:
        """Return an event: as it was bundled, with the changes since."""
        place, changes = (row, {}) if isinstance(row, int) else json.loads(row)
        return {**self._at(key, place), **changes}

    def changed(self, key: int, event: Object) -> str:
        """Return the row of an event that has changed: its place, and the members that differ."""
        (row,) = self._db.execute("SELECT body FROM objects WHERE key = ?", (key,)).fetchone()
        place = row if isinstance(row, int) else json.loads(row)[0]
        before = self._at(key, place)
        return json.dumps([place, {name: value for name, value in event.items() if before.get(name) != value}])

    def remove_between(self, low: int, high: int) -> None:
        self._db.execute("DELETE FROM bundles WHERE key >= ? AND key < ?", (low, high))

    def forget(self) -> None:
        """Drop all bundles from memory."""
        self._latest.clear()

    def forget_one(self, key: int) -> None:
        """Drop a bundle from memory, if there is one with this key."""
        self._latest.pop(key, None)

    def _close(self) -> None:
        """Pack the events that were added last."""
        keys = self._open.keys
        if keys:
            first = min(keys)
            self._unwritten.append((first, self._bodies.pack("bundle", joined(self._open.texts))))
            self._places += [(key, (key - first) * LARGEST + number) for number, key in enumerate(keys)]
            self._open = Bundle()

    def _at(self, key: int, place: int) -> Object:
        distance, number = divmod(place, LARGEST)
        event: Object = loaded(self._bundle(key - distance)[number])
        return event

    def _bundle(self, key: int) -> list[bytes]:
        if key not in self._latest:
            (body,) = self._db.execute("SELECT body FROM bundles WHERE key = ?", (key,)).fetchone()
            self._latest[key] = [copied(event) for event in grow(loaded(self._bodies.unpack(body)))]
            if len(self._latest) > CACHED:
                self._latest.popitem(last=False)
        return self._latest[key]


def grow(shrunk: list[Object]) -> list[Object]:
    """Return the events that `Bundle.add` was given."""
    events: list[Object] = []
    for event in shrunk:
        content = _content(event)
        if SINCE in content:
            whole = dict(_content(events[content[SINCE]]))
            for name in content[GONE]:
                del whole[name]
            whole |= {name: value for name, value in content.items() if name not in {SINCE, GONE}}
            events.append(event | {"data": event["data"] | {"object": whole}})
        else:
            events.append(event)
    return events


def _content(event: Object) -> Object:
    content: Object = event.get("data", {}).get("object", {})
    return content


def _changes(before: Object, after: Object, place: int) -> Object:
    changed = {
        name: value
        for name, value in after.items()
        if name not in before or (before[name] is not value and before[name] != value)
    }
    changed[SINCE] = place
    changed[GONE] = [] if before.keys() <= after.keys() else [name for name in before if name not in after]
    return changed

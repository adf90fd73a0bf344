"""Bundles: the events of one second, stored together, because their objects are mostly the same.

An object that occurs again is stored as its changes since the occurrence before.
"""

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sandbox.core.store.bodies import Bodies, Object, copied, loaded
from sandbox.core.store.keys import SLOT_BITS

LARGEST = 32
CACHED = 8
SINCE = "_since"  # The place in the bundle of the event with the same object.
GONE = "_gone"  # The members that the object had there and has no more.


class Bundles:
    """Stores and reads bundles; each has the key of its first event.

    The row of an event has its place, or its place and its changes since, as JSON. A place is the distance of the
    event's key from the bundle's, times LARGEST, plus the number of the event within the bundle.
    """

    def __init__(self, db: sqlite3.Connection, bodies: Bodies) -> None:
        self._db = db
        self._bodies = bodies
        self._latest: OrderedDict[int, list[bytes]] = OrderedDict()

    def store(self, events: list[tuple[int, Object]]) -> Iterator[tuple[int, int]]:
        """Store new events in bundles, those of a second together; yield the places of the events."""
        for _, group in groupby(events, key=lambda each: each[0] >> SLOT_BITS):
            members = list(group)
            for start in range(0, len(members), LARGEST):
                yield from self._store_one(members[start : start + LARGEST])

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

    def _store_one(self, events: list[tuple[int, Object]]) -> Iterator[tuple[int, int]]:
        first = min(map(itemgetter(0), events))
        body = self._bodies.pack("bundle", copied(shrink([event for _, event in events])))
        self._db.execute("INSERT INTO bundles VALUES (?, ?)", (first, body))
        for number, (key, _) in enumerate(events):
            yield key, (key - first) * LARGEST + number

    def _at(self, key: int, place: int) -> Object:
        distance, number = divmod(place, LARGEST)
        return loaded(self._bundle(key - distance)[number])

    def _bundle(self, key: int) -> list[bytes]:
        if key not in self._latest:
            (body,) = self._db.execute("SELECT body FROM bundles WHERE key = ?", (key,)).fetchone()
            self._latest[key] = [copied(event) for event in grow(loaded(self._bodies.unpack(body)))]
            if len(self._latest) > CACHED:
                self._latest.popitem(last=False)
        return self._latest[key]


def shrink(events: list[Object]) -> list[Object]:
    """Return the events with repeated objects replaced by their changes."""
    latest: dict[tuple[Any, Any], int] = {}
    shrunk = []
    for place, event in enumerate(events):
        content = _content(event)
        name = (content.get("object"), content.get("id"))
        if content and name in latest:
            changes = _changes(_content(events[latest[name]]), content, latest[name])
            shrunk.append(event | {"data": event["data"] | {"object": changes}})
        else:
            shrunk.append(event)
        latest[name] = place
    return shrunk


def grow(shrunk: list[Object]) -> list[Object]:
    """Return the events that `shrink` was given."""
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
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return changed | {SINCE: place, GONE: [name for name in before if name not in after]}

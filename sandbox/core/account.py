"""The one Stripe account that the sandbox plays: its objects, its clock, and what a request may do to them.

Resource functions get an Account and nothing else. They read with `find` and `get`, write with `add`, `change` and
`remove`, and each write records the event that Stripe would record. Everything within one `transaction` happens at one
second, all of it or none.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import stripe

from sandbox.core.clock import Clock
from sandbox.core.errors import ApiError
from sandbox.core.store import Object, Store

API_VERSION: str = stripe.api_version
DEFAULT_BASE_URL = "http://127.0.0.1:8420"


@dataclass(frozen=True)
class Cause:
    """The request that an event names as its cause; both members are null when time itself is the cause."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Account:
    """Objects and clock of the account; one lock makes every transaction atomic."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        record: "Record",
        api_version: str = API_VERSION,
        base_url: str = DEFAULT_BASE_URL,
    ) -> None:
        """Open the account; events are made in its default `api_version`, hosted pages are under `base_url`.

        `record` keeps an event (events/recording.py).
        """
        self.store = store
        self.clock = clock
        self._record = record
        self.api_version = api_version
        self.base_url = base_url
        self.cause = Cause()
        self.violations: list[str] = []
        self._lock = threading.Lock()
        clock.offset = store.setting("clock_offset", 0)
        self.now = clock.now()

    @contextmanager
    def transaction(self, cause: Cause | None = None) -> Iterator[None]:
        """Hold the account for one request: its writes are kept together, or undone as by `attempt`."""
        with self._lock, self.attempt():
            self.now = self.clock.now()
            self.cause = cause or Cause()
            yield

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what the block wrote when it fails or is refused, unless a card was: failed payments stay on record."""
        offset = self.clock.offset
        with self.store.savepoint() as savepoint:
            try:
                yield
            except BaseException as error:
                savepoint.keep = isinstance(error, ApiError) and error.status == HTTPStatus.PAYMENT_REQUIRED
                if not savepoint.keep:
                    self.clock.offset = offset
                raise

    def move_to(self, moment: int) -> None:
        """Let time pass within a transaction: `now` becomes `moment`, unless that is in the past."""
        self.clock.move_to(moment)
        self.store.save_setting("clock_offset", self.clock.offset)
        self.now = max(self.now, moment)

    def close(self) -> None:
        """Let go of the state file, once nobody is writing to it."""
        with self._lock:
            self.store.close()

    def clear(self) -> None:
        """Empty the store and go back to real time, within a transaction."""
        self.store.clear()
        self.clock.offset = 0
        self.now = self.clock.now()
        self.violations.clear()

    # Reading

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return the object, or None when it never existed or is deleted."""
        obj = self.store.get(kind, object_id)
        return None if obj is None or obj.get("deleted") else obj

    def find(self, kind: str, object_id: str, *, param: str = "id") -> Object:
        """Return the object that a request names: in its path (param "id", 404) or in a parameter (400)."""
        obj = self.get(kind, object_id)
        if obj is None:
            raise ApiError.missing(kind, object_id, param=param, status=404 if param == "id" else 400)
        return obj

    # Writing

    def add(self, obj: Object, *, event: str | None = None) -> Object:
        """Keep a new object, and record `event` about it."""
        self.store.put(obj)
        if event:
            self.emit(event, obj)
        return obj

    def change(self, obj: Object, changes: Object, *, event: str | None = None) -> Object:
        """Write `changes` into the object and keep it; if anything is different now, record `event` about it.

        `changes` maps members of the object, not of what is nested in it, to their new values.
        """
        before = {name: obj.get(name) for name in changes}
        obj.update(changes)
        previous = difference(before, changes)
        self.store.put(obj)
        if event and any(not name.startswith("_") for name in previous):
            self.emit(event, obj, previous=previous)
        return obj

    def remove(self, obj: Object, *, event: str | None = None) -> Object:
        """Delete the object, record `event` about what it was, and return the stub that Stripe answers with."""
        stub = self.store.delete(obj["object"], obj["id"])
        if event:
            self.emit(event, obj)
        return stub

    def emit(self, kind: str, obj: Object, *, previous: dict[str, Any] | None = None) -> None:
        """Record one event about the object as it is now."""
        self._record(self, kind, obj, previous)


# Keeps one event: the account, the event's type, the object, and the old values of its changed members.
Record = Callable[[Account, str, Object, Object | None], object]


def difference(before: Object, after: Object) -> Object:
    """Return the old values of what differs, within nested objects only their differing members."""
    changed: Object = {}
    for name in after.keys() | before.keys():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            if nested := difference(old, new):
                changed[name] = nested
        elif old != new:
            changed[name] = old
    return changed

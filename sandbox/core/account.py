"""The Stripe account that the sandbox plays: reading and writing objects, transactions, and the current time.

Routes and rules get an Account. They read with `find` and `get` and write with `add`, `change` and `remove`; each
write records the event that Stripe would record. A transaction happens within one second of the clock, completely or
not at all.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import stripe

from sandbox.core import clocked, ids
from sandbox.core.clock import Clock
from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Object, Store, copied, loaded

API_VERSION: str = stripe.api_version
DEFAULT_BASE_URL = "http://127.0.0.1:8420"
IDENTITY = "account"
ID_LENGTH = 16


@dataclass(frozen=True)
class Cause:
    """The request that caused an event; both members are None when the event happened because time passed."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Reached(Exception):
    """Ends a dry run at the event that it was made for."""


class Rehearsal:
    """The events of a dry run: for each type and object, its state at the last one."""

    def __init__(self, until: str | None) -> None:
        self._until = until
        self._states: dict[tuple[str, str], bytes] = {}

    def note(self, kind: str, obj: Object) -> None:
        """Keep an event instead of recording it. Raises Reached at the first one of the type `until`."""
        self._states[kind, obj["id"]] = copied(obj)
        if kind == self._until:
            raise Reached

    def states(self, kind: str) -> dict[str, Object]:
        """Return by id the objects with an event of this type, each in its state then."""
        return {object_id: loaded(state) for (each, object_id), state in self._states.items() if each == kind}


class Account:
    """The objects and the clock of one account; one lock serializes its transactions."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        record: "Record",
        api_version: str = API_VERSION,
        base_url: str = DEFAULT_BASE_URL,
    ) -> None:
        """Open the account. `record` stores an event (events/recording.py).

        `api_version` is the account's default for events; hosted pages are under `base_url`.
        """
        self.store = store
        self.clock = clock
        self._record = record
        self.api_version = api_version
        self.base_url = base_url
        self.cause = Cause()
        self.test_clock: str | None = None  # The test clock that sets `now`, if one does.
        self._now_outside = 0
        self.rehearsal: Rehearsal | None = None  # While a dry run goes on.
        self.violations: list[str] = []
        self.recorded: Counter[str] = Counter()  # Events by type, in this request or move of the clock.
        self._lock = threading.Lock()
        clock.offset = store.setting("clock_offset", 0)
        self.now = clock.now()
        self._identify()

    @property
    def id(self) -> str:
        """The account's id, which stays the same until a reset."""
        return str(self.store.setting(IDENTITY)["id"])

    @property
    def created(self) -> int:
        """When the account was opened: at the sandbox's first start, or at the last reset."""
        return int(self.store.setting(IDENTITY)["created"])

    @contextmanager
    def transaction(self, cause: Cause | None = None) -> Iterator[None]:
        """Lock the account for one request; its writes are saved together, or undone as by `attempt`."""
        with self._lock, self.attempt():
            self.now = self.clock.now()
            self.cause = cause or Cause()
            yield

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo the block's writes if it raises, except for a card error (402): Stripe keeps failed payments."""
        offset = self.clock.offset
        with self.store.savepoint() as savepoint:
            try:
                yield
            except BaseException as error:
                savepoint.keep = isinstance(error, ApiError) and error.status == HTTPStatus.PAYMENT_REQUIRED
                if not savepoint.keep:
                    self.clock.offset = offset
                raise

    @contextmanager
    def on_clock(self, clock: Object | None) -> Iterator[None]:
        """Work on the time of a test clock: `now` is its frozen time, and new objects belong to it."""
        if clock is None:
            yield
            return
        self._now_outside, self.now = self.now, clock["frozen_time"]
        self.test_clock = self.store.test_clock = clock["id"]
        try:
            yield
        finally:
            self.now = self._now_outside
            self.test_clock = self.store.test_clock = None

    @property
    def real_now(self) -> int:
        """The sandbox's own time, also while `now` is that of a test clock."""
        return self._now_outside if self.test_clock else self.now

    def move_to(self, moment: int) -> None:
        """Set the clock to `moment` within a transaction; a moment in the past changes nothing."""
        self.clock.move_to(moment)
        self.store.save_setting("clock_offset", self.clock.offset)
        self.now = max(self.now, moment)

    def close(self) -> None:
        """Close the state file, after the running transaction has ended."""
        with self._lock:
            self.store.close()

    def clear(self) -> None:
        """Delete all objects and set the clock to real time, within a transaction."""
        self.store.clear()
        self.clock.offset = 0
        self.now = self.clock.now()
        self.violations.clear()
        self._identify()

    def _identify(self) -> None:
        if self.store.setting(IDENTITY) is None:
            self.store.save_setting(IDENTITY, {"id": ids.with_prefix("acct", ID_LENGTH), "created": self.now})

    # Reading

    def get(self, kind: str, object_id: str) -> Object | None:
        """Return the object, or None if it is deleted or never existed."""
        obj = self.store.get(kind, object_id)
        return None if obj is None or obj.get("deleted") else obj

    def find(self, kind: str, object_id: str, *, param: str = "id") -> Object:
        """Return the object that a request names.

        Raises ApiError if there is none: 404 for an id in the path (`param` is "id"), 400 for one in a parameter.
        """
        obj = self.get(kind, object_id)
        if obj is None:
            raise ApiError.missing(kind, object_id, param=param, status=404 if param == "id" else 400)
        return obj

    # Writing

    def add(self, obj: Object, *, event: str | None = None) -> Object:
        """Store a new object and record `event` about it."""
        if self.test_clock:
            clocked.bind(obj, self.test_clock, real_now=self.real_now)
        self.store.put(obj, is_new=not KINDS[obj["object"]].has_chosen_ids)
        if event:
            self.emit(event, obj)
        return obj

    def change(self, obj: Object, changes: Object, *, event: str | None = None) -> Object:
        """Write `changes` into the object and keep it; if anything is different now, record `event` about it.

        `changes` maps the object's own members, not nested ones, to their new values.
        """
        before = {name: obj.get(name) for name in changes} if event else {}
        obj.update(changes)
        self.store.put(obj)
        if event:
            previous = difference(before, changes)
            if any(not name.startswith("_") for name in previous):
                self.emit(event, obj, previous=previous)
        return obj

    def remove(self, obj: Object, *, event: str | None = None) -> Object:
        """Delete the object, record `event` with its last state, and return Stripe's answer: a stub."""
        stub = self.store.delete(obj["object"], obj["id"])
        if event:
            self.emit(event, obj)
        return stub

    def emit(self, kind: str, obj: Object, *, previous: dict[str, Any] | None = None) -> None:
        """Record one event with the object's present state."""
        if self.rehearsal is not None:
            self.rehearsal.note(kind, obj)
            return
        self._record(self, kind, obj, previous)


# Stores one event: (account, type of event, object, old values of its changed members).
Record = Callable[[Account, str, Object, Object | None], object]


def difference(before: Object, after: Object) -> Object:
    """Return the old values of the members that differ; of a nested object, only its members that differ."""
    changed: Object = {}
    for name in after.keys() | before.keys():
        old, new = before.get(name), after.get(name)
        if old is new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            if nested := difference(old, new):
                changed[name] = nested
        elif old != new:
            changed[name] = old
    return changed

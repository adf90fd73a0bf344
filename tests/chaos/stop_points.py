"""Where a worker can be stopped: before and after each write to the database and each call to Stripe.

At the stop point that was asked for, the process kills itself with SIGKILL, or stands still until it is told to go on.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pymongo.monitoring
import requests
import stripe
from django.db.backends.signals import connection_created

SQL_WRITES = ("INSERT", "UPDATE", "DELETE")
MONGO_WRITES = {"insert", "update", "delete", "findAndModify"}


class StopPoints:
    """Counts the stop points that this process passes while it works on one order."""

    def __init__(self, stand_still: Callable[[str], None]) -> None:
        self._stand_still = stand_still
        self._lock = threading.Lock()
        self._passed = 0
        self._kill_at = self._pause_at = 0

    def plan(self, *, kill_at: int, pause_at: int) -> None:
        """Begin an order: 0 is never."""
        self._passed, self._kill_at, self._pause_at = 0, kill_at, pause_at

    def passing(self, what: str, *, can_pause: bool = True) -> None:
        with self._lock:
            self._passed += 1
            if self._passed == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if not (can_pause and self._pause_at and self._passed >= self._pause_at):
                return
            self._pause_at = 0
        self._stand_still(what)


class Wire(stripe.RequestsClient):
    """The way to Stripe, with a stop point at both ends of each attempt."""

    def __init__(self, stop_points: StopPoints, timeout: tuple[float, float]) -> None:
        session = requests.Session()
        session.trust_env = False  # Looking for proxies takes longer than a call.
        super().__init__(timeout=timeout, session=session)  # type: ignore[no-untyped-call]
        self._stop_points = stop_points

    def request(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        path = url.partition("?")[0]
        self._stop_points.passing(f"before {method} {path}")
        answer = super().request(method, url, *rest, **more)  # type: ignore[no-untyped-call]
        self._stop_points.passing(f"after {method} {path}")
        return answer

    def _sleep_time_seconds(self, *_: Any, **__: Any) -> float:
        """Nobody waits here between two tries."""
        return 0.0


class _MongoWrites(pymongo.monitoring.CommandListener):
    def __init__(self, stop_points: StopPoints) -> None:
        self._stop_points = stop_points

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if event.command_name in MONGO_WRITES:
            self._stop_points.passing(f"before {event.command_name} {event.command.get(event.command_name)}")

    def succeeded(self, event: pymongo.monitoring.CommandSucceededEvent) -> None:
        if event.command_name in MONGO_WRITES:
            self._stop_points.passing(f"after {event.command_name}")

    def failed(self, event: pymongo.monitoring.CommandFailedEvent) -> None:
        """Nothing was written."""


def watch_database(stop_points: StopPoints) -> None:
    """Put a stop point around each write of every connection that is opened from now on."""

    def around(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        if sql.startswith("BEGIN"):
            stop_points.passing("before a transaction")
        if not sql.startswith(SQL_WRITES):
            return execute(sql, params, many, context)
        # Whoever stands still within a transaction would keep everybody else from writing.
        can_pause = not context["connection"].in_atomic_block
        stop_points.passing(f"before {sql[:60]}", can_pause=can_pause)
        result = execute(sql, params, many, context)
        stop_points.passing(f"after {sql[:60]}", can_pause=can_pause)
        return result

    def wrap(connection: Any, **_: Any) -> None:
        if connection.vendor != "mongodb":
            connection.execute_wrappers.append(around)

    connection_created.connect(wrap, weak=False)
    pymongo.monitoring.register(_MongoWrites(stop_points))

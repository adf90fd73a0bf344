"""The HTTP below the SDK, bounded by what is left of a request's time: each wait, and each call as a whole."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from billing.gateway import request_budget

SHORTEST = 0.01

# Seconds after the time-out of a read: its error says more than a connection that was cut off.
GRACE = 0.25


class Watch:
    """Ends the connection of a call when the time for it is over.

    The time-outs of Requests hold for each read: an answer that comes byte by byte would take forever.
    """

    def __init__(self, seconds: float) -> None:
        self.connection: HTTPConnection | None = None
        self._timer = threading.Timer(seconds, self._cut_off)
        self._timer.daemon = True

    def begin(self) -> None:
        self._timer.start()

    def end(self) -> None:
        self._timer.cancel()

    def _cut_off(self) -> None:
        sock = self.connection.sock if self.connection else None
        if sock:
            # The thread that reads finds the end of the stream. It may have closed the socket in this moment.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def cut_off_in_time() -> Iterator[None]:
    """End the call of the block when its request's time is over."""
    left = request_budget.seconds_left()
    if left is None:
        yield
        return
    watch = Watch(left + GRACE)
    token = _watch.set(watch)
    watch.begin()
    try:
        yield
    finally:
        watch.end()
        _watch.reset(token)


class Watched(HTTPConnection):
    """A connection that registers itself with the watch of the call."""

    def request(self, *args: Any, **options: Any) -> None:
        if watch := _watch.get():
            watch.connection = self
        super().request(*args, **options)


class WatchedWithTls(Watched, HTTPSConnection):
    pass


class WatchedPool(HTTPConnectionPool):
    ConnectionCls = Watched


class WatchedPoolWithTls(HTTPSConnectionPool):
    ConnectionCls = WatchedWithTls


POOLS: dict[str, Any] = {"http": WatchedPool, "https": WatchedPoolWithTls}


class WithinBudget(HTTPAdapter):
    """Limits the time-outs of each call to the time that its request has left."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        left = request_budget.seconds_left()
        if left is not None:
            connect, read = options["timeout"]
            options["timeout"] = max(min(connect, left), SHORTEST), max(min(read, left), SHORTEST)
        return super().send(request, *args, **options)

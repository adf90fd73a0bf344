"""A worker for gunicorn that slow clients can't fill: a request takes a thread once all of it has arrived.

gunicorn's own threaded worker reads requests in its threads, so that as many clients as there are threads stop the
site by sending a byte a second. Here the main loop reads them. `/healthz` has threads of its own, so that it is
answered whatever the others wait for. Why not another server: docs/decisions/read-requests-before-threads.md.
"""

import json
import selectors
import socket
import struct
import time
from collections.abc import Callable
from concurrent import futures
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from config.processes.http_framing import Arrived, Framing

# A client that takes longer to send a request, or to take a part of the answer, is cut off.
SECONDS_TO_SEND = 60
SECONDS_TO_TAKE = 20
SECONDS_TO_HANG_UP = 2

READ_AT_ONCE = 64 * 1024
# The kernel takes an answer of this size at once, however slow the client is.
SEND_BUFFER = 1024 * 1024
# The memory that the unfinished requests of a worker may take together. Beyond that the oldest are cut off.
MOST_BUFFERED = 64 * 1024 * 1024

HEALTH = (b"GET /healthz ", b"HEAD /healthz ")
HEALTH_THREADS = 2

GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
# The answers to a request that is too long, by how it begins. A request that is a little too long reaches the site,
# which answers the same.
WHY = "The body is too large."
API_ERROR = {"code": "bad_input", "message": f"body: {WHY}", "fields": {"body": WHY}}
TOO_LONG: tuple[tuple[bytes, HTTPStatus, dict[str, Any]], ...] = (
    (b"POST /api/", HTTPStatus.UNPROCESSABLE_ENTITY, {"error": API_ERROR}),
    (b"POST /stripe/webhook/", HTTPStatus.BAD_REQUEST, {"error": WHY}),
    (b"", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": WHY}),
)


def too_long(received: bytearray) -> bytes:
    """Return the answer to a request that is too long, of which this has arrived."""
    status, content = next((status, content) for begin, status, content in TOO_LONG if received.startswith(begin))
    body = json.dumps(content)
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


class Connection(TConn):  # type: ignore[misc]
    """A connection, with what has arrived of its next request."""

    def __init__(self, *args: Any, hang_up: Callable[["Connection"], None]) -> None:
        super().__init__(*args)
        self.received = bytearray()
        self.framing = Framing()
        self.ends_at = 0.0
        self.is_health = False
        self.is_hanging_up = False
        self._hang_up = hang_up
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SECONDS_TO_TAKE, 0))

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002  (gunicorn's)
        if graceful and not self.is_hanging_up:
            self._hang_up(self)
        else:
            super().close()

    def take_request(self) -> None:
        """Give the request that has arrived to the parser."""
        self.is_health = self.received.startswith(HEALTH)
        self.init()
        self.parser.unreader.unread(bytes(self.received))
        self.forget()
        self.data_ready = True

    def forget(self) -> None:
        self.received, self.framing = bytearray(), Framing()


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """Reads requests in the main loop, and gives whole ones to the threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the order in which they were begun. Only the main thread uses it.
        self.reading: dict[Connection, None] = {}
        self.buffered = 0
        self.health_pool = futures.ThreadPoolExecutor(HEALTH_THREADS, thread_name_prefix="health")

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, address = listener.accept()
        except OSError:  # Another worker was faster, or the client has gone.
            return
        self.nr_conns += 1
        self._make_room()
        self._read(Connection(self.cfg, sock, address, listener.getsockname(), hang_up=self._hang_up))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Read the next request of a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._read(conn)
        self._receive(conn, client)

    def enqueue_req(self, conn: Connection) -> None:
        pool = self.health_pool if conn.is_health else self.tpool
        done = pool.submit(self.handle, conn)
        done.add_done_callback(lambda result: self.method_queue.defer(self.finish_request, conn, result))

    def murder_pending(self) -> None:
        """Cut off the clients that take too long. The main loop calls this once a second."""
        super().murder_pending()
        now = time.monotonic()
        for conn in [conn for conn in self.reading if conn.ends_at < now or not self.alive]:
            self._drop(conn)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:  # noqa: FBT001  (gunicorn's)
        # What has arrived after the request may be a part of the next, for which no thread may wait.
        return bool(super()._keepalive_after(conn, keepalive)) and not conn.parser.unreader.buf.getvalue()

    def _read(self, conn: Connection) -> None:
        conn.sock.settimeout(0)
        conn.ends_at = time.monotonic() + SECONDS_TO_SEND
        self.reading[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))

    def _receive(self, conn: Connection, client: socket.socket) -> None:
        try:
            data = client.recv(READ_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
            return
        if conn.is_hanging_up:
            return
        conn.received += data
        self.buffered += len(data)
        match conn.framing.look(conn.received):
            case Arrived.WHOLE:
                self._stop_reading(conn)
                conn.take_request()
                self.enqueue_req(conn)
            case Arrived.TOO_LONG:
                self._answer(conn, too_long(conn.received))
                self._stop_reading(conn)
                self.nr_conns -= 1
                conn.close(graceful=True)
            case Arrived.PART_AND_WAITS:
                self._answer(conn, GO_ON)
        self._make_room()

    def _answer(self, conn: Connection, answer: bytes) -> None:
        try:
            conn.sock.send(answer)
        except OSError:
            self.log.debug("A client went away.")

    def _make_room(self) -> None:
        """Cut off the oldest unfinished requests if there are too many, or if they take too much memory."""
        most = self.worker_connections - self.cfg.threads - HEALTH_THREADS - 1
        while self.reading and (self.buffered > MOST_BUFFERED or self.nr_conns > most):
            self._drop(next(iter(self.reading)))
        if self.nr_conns > most and self.keepalived_conns:
            conn = self.keepalived_conns.popleft()
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()

    def _hang_up(self, conn: Connection) -> None:
        """Say that nothing more comes, and let the client close. gunicorn's own way stops the main loop meanwhile."""
        conn.is_hanging_up = True
        conn.forget()
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.nr_conns += 1
            self._read(conn)
        except OSError:
            conn.close()
            return
        conn.ends_at = time.monotonic() + SECONDS_TO_HANG_UP

    def _stop_reading(self, conn: Connection) -> None:
        self.poller.unregister(conn.sock)
        self.reading.pop(conn, None)
        self.buffered -= len(conn.received)

    def _drop(self, conn: Connection) -> None:
        self._stop_reading(conn)
        self.nr_conns -= 1
        conn.close()

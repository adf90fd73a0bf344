"""A server on a real socket that gives the SDK a test's answers."""

import json
import socket
import struct
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

PRODUCT = {"id": "prod_1", "object": "product", "name": "Pro", "active": True, "created": 1_795_000_000}
DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


@dataclass(frozen=True)
class Answer:
    """An answer: a body (text unchanged, anything else as JSON), possibly late or cut off, or a reset connection."""

    body: Any = field(default_factory=lambda: PRODUCT)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Date": DATE})
    delay: float = 0
    is_cut_off: bool = False
    is_reset: bool = False
    # Seconds between two bytes, of the head too.
    pause: float = 0

    @classmethod
    def error(cls, status: int, **members: Any) -> "Answer":
        return cls({"error": {"message": "No.", **members}}, status, {"Date": DATE, "Request-Id": "req_7"})

    @property
    def payload(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Wire(ThreadingHTTPServer):
    """Gives each request the next queued answer, and records the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.answers: deque[Answer] = deque()
        self.received: list[Received] = []
        self.connections: set[int] = set()
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def will(self, *answers: Answer) -> None:
        self.answers.extend(answers)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Wire

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # The caller went away, or was sent away.
            self.close_connection = True

    def do_GET(self) -> None:
        self._converse()

    def do_POST(self) -> None:
        self._converse()

    def _converse(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.received.append(Received(self.command, self.path, dict(self.headers), body))
        self.server.connections.add(self.client_address[1])
        answer = self.server.answers.popleft()
        time.sleep(answer.delay)
        if answer.is_reset:
            self._reset()
        elif answer.pause:
            self._drip(answer)
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.payload)))
        self.end_headers()
        if answer.is_cut_off:
            self.wfile.write(answer.payload[:-1])
            self.close_connection = True
        else:
            self.wfile.write(answer.payload)

    def _drip(self, answer: Answer) -> None:
        head = f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {len(answer.payload)}\r\n\r\n"
        for byte in head.encode() + answer.payload:
            self.wfile.write(bytes([byte]))
            time.sleep(answer.pause)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

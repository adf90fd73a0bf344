"""The stand-in over HTTP, which counts every call, waits for the latency, and refuses calls over the limit."""

import json
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.standin.recording import Answer, Recording
from benchmarks.standin.world import World
from sandbox.core import ids
from sandbox.http import contract

CONTROL = "/_standin/"
TOO_FAST = {
    "error": {
        "code": "rate_limit",
        "message": "Request rate limit exceeded.",
        "type": "invalid_request_error",
    }
}


@dataclass
class Traffic:
    """Calls and refused calls by endpoint, and the times of the first call and the last answer."""

    latency: float = 0.0
    per_second: int = 0  # For each endpoint; 0: no limit.
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    _recent: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, endpoint: str, now: float) -> bool:
        """Count a call at `now`, a monotonic time; False if it is over the limit of the last second."""
        with self._lock:
            self.calls[endpoint] += 1
            self.first.setdefault(endpoint, now)
            recent = self._recent[endpoint]
            while recent and recent[0] <= now - 1:
                recent.popleft()
            if self.per_second and len(recent) >= self.per_second:
                self.refused[endpoint] += 1
                return False
            recent.append(now)
            return True

    def end(self, endpoint: str) -> None:
        self.last[endpoint] = time.monotonic()

    def forget(self) -> None:
        with self._lock:
            for kept in (self.calls, self.refused, self.first, self.last, self._recent):
                kept.clear()

    def told(self) -> dict[str, Any]:
        """The calls since the last `forget`; `seconds` is from an endpoint's first call to its last answer."""
        with self._lock:
            seconds = {endpoint: self.last[endpoint] - self.first[endpoint] for endpoint in self.last}
            return {"calls": dict(self.calls), "refused": dict(self.refused), "seconds": seconds}


class Server(ThreadingHTTPServer):
    """Listens on a free port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, world: World) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.world = world
        self.recording = Recording(world)
        self.traffic = Traffic()
        self.one_at_a_time = threading.Lock()

    def control(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Carry out a control request: settings, forget, traffic, change, advance."""
        match name:
            case "settings":
                self.traffic.latency = body["latency_ms"] / 1000
                self.traffic.per_second = body["per_second"]
            case "forget":
                self.traffic.forget()
            case "change":
                changed = self.world.change(**body)
                self.recording.forget("subscription", changed)
                return {"changed": changed}
            case "advance":
                return {"now": self.world.advance(**body)}
        return self.traffic.told()

    def reply(self, method: str, target: str, body: bytes) -> Answer:
        endpoint = _endpoint(method, target)
        is_admitted = self.traffic.admit(endpoint, time.monotonic())
        time.sleep(self.traffic.latency)
        if not is_admitted:
            return Answer(HTTPStatus.TOO_MANY_REQUESTS, json.dumps(TOO_FAST).encode())
        with self.one_at_a_time:
            answer = self.recording.answer(method, target, body)
        self.traffic.end(endpoint)
        return answer


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one kept-alive connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Head and body leave together.
    server: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith(CONTROL):
            told = self.server.control(self.path.removeprefix(CONTROL), json.loads(body or b"{}"))
            self._send(Answer(HTTPStatus.OK, json.dumps(told).encode()))
        else:
            self._send(self.server.reply(self.command, self.path, body))

    do_GET = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_what: object) -> None:
        """Log nothing: a log line would cost as much as an answer."""

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Date", self.date_time_string(self.server.world.account.clock.now()))
        self.send_header("Request-Id", ids.request_id())
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("Stripe-Rate-Limited-Reason", "endpoint-rate")
        self.end_headers()
        self.wfile.write(answer.body)


def _endpoint(method: str, target: str) -> str:
    path = target.partition("?")[0]
    operation = contract.operation(method, path)
    return f"{method} {operation.template if operation else path}"

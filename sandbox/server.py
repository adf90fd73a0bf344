"""The HTTP/1.1 server: one thread per connection, and connections kept alive, as the SDK expects.

Werkzeug's own server closes the connection after each request and can't lose a connection on purpose.
"""

import logging
import select
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from werkzeug.wrappers import Response

from sandbox.app import Sandbox
from sandbox.http.faults import ConnectionLost
from sandbox.transport import exchange

MAX_BODY = 1_000_000
HANGING_SECONDS = 30
IDLE_SECONDS = 75
LONGEST_LOGGED = 100

log = logging.getLogger("sandbox.requests")


class Server(ThreadingHTTPServer):
    """The server; it binds its port at once, so that a port in use is noticed before the state file is opened."""

    daemon_threads = True
    request_queue_size = 128
    sandbox: Sandbox

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """Reads and answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1  # Headers and body are sent together.
    server: Server

    def answer(self) -> None:
        """Answer the request whose headers have been read."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            return self._refuse(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > MAX_BODY:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body, started = self.rfile.read(int(length)), time.monotonic()
        try:
            response = exchange(self.server.sandbox, self.command, self.path, self.headers.items(), body)
        except ConnectionLost as lost:
            return self._drop_connection(lost)
        except ValueError:  # The path can't be parsed.
            return self._refuse(HTTPStatus.BAD_REQUEST)
        self._send(response)
        took = 1000 * (time.monotonic() - started)
        log.info("%s %s -> %s, %.0f ms", self.command, _shortened(self.path), response.status_code, took)
        return None

    # http.server calls the method named after the HTTP method.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815

    def log_message(self, *_what: object) -> None:
        """Leave logging to `answer`."""

    def _send(self, response: Response) -> None:
        content = response.get_data()
        response.headers["Content-Length"] = str(len(content))
        self.send_response_only(response.status_code)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if "Date" not in response.headers:
            self.send_header("Date", self.date_time_string())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        """Refuse a request without reading its body, so the connection has to be closed."""
        self.close_connection = True
        self.send_error(status)

    def _drop_connection(self, lost: ConnectionLost) -> None:
        """Close the connection without an answer: at once, or for "timeout" after the client's time-out."""
        self.close_connection = True
        if lost.how == "timeout":
            select.select([self.connection], [], [], HANGING_SECONDS)
        log.info("%s %s -> no answer (%s)", self.command, self.path, lost.how)


def _shortened(path: str) -> str:
    """Return the path, shortened for the log: a sync lists twenty event types in one query."""
    plain = path.replace("%5B", "[").replace("%5D", "]")
    return plain if len(plain) <= LONGEST_LOGGED else f"{plain[: LONGEST_LOGGED - 1]}…"

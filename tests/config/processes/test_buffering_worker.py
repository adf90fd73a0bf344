"""gunicorn with our worker: slow clients and busy threads stop neither the others nor the health check."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from config.processes.http_framing import MAX_BODY, MAX_HEAD, Arrived, Framing

# Answers with the body that it got; /wait takes a thread until the health check has been answered.
APPLICATION = """
import threading

checked = threading.Event()

def application(environ, start_response):
    if environ["PATH_INFO"] == "/wait":
        checked.wait(20)
    if environ["PATH_INFO"] == "/healthz":
        checked.set()
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
THREADS = 2
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;note=1\r\nde\r\n0\r\n\r\n"
SIZED = b"POST / HTTP/1.1\r\nHost: x\r\ncontent-length:  5\r\n\r\nabcde"
EMPTY = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def looks(*pieces: bytes) -> list[Arrived]:
    framing, data, found = Framing(), bytearray(), []
    for piece in pieces:
        data += piece
        found.append(framing.look(data))
    return found


class TestFraming:
    @pytest.mark.parametrize("request_", [CHUNKED, SIZED, EMPTY])
    def test_a_request_is_whole_with_its_last_byte(self, request_: bytes) -> None:
        bytes_ = [bytes([byte]) for byte in request_]
        assert looks(*bytes_) == [Arrived.PART] * (len(request_) - 1) + [Arrived.WHOLE]

    @pytest.mark.parametrize("request_", [CHUNKED, SIZED, EMPTY])
    def test_what_follows_does_not_matter(self, request_: bytes) -> None:
        assert looks(request_ + EMPTY) == [Arrived.WHOLE]

    def test_trailers_belong_to_it(self) -> None:
        assert looks(CHUNKED[:-2], b"Sum: 7\r\n", b"\r\n") == [Arrived.PART, Arrived.PART, Arrived.WHOLE]

    @pytest.mark.parametrize(
        "request_",
        [
            b"GET /" + b"x" * MAX_HEAD,
            b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
            CHUNKED[:-5] + b"%x\r\n" % MAX_BODY,
            CHUNKED[:-5] + b"1" * (MAX_HEAD + 1),
        ],
    )
    def test_one_that_is_too_long_is_known_early(self, request_: bytes) -> None:
        assert looks(request_) == [Arrived.TOO_LONG]

    def test_a_malformed_chunk_is_left_to_the_parser(self) -> None:
        assert looks(CHUNKED[:-5] + b"zz\r\n") == [Arrived.WHOLE]

    def test_a_client_may_wait_to_be_told_to_go_on(self) -> None:
        head = SIZED[:-5].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        assert looks(head, b"ab", b"cde") == [Arrived.PART_AND_WAITS, Arrived.PART, Arrived.WHOLE]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("site")
    (folder / "echo_site.py").write_text(APPLICATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "echo_site:application", "--bind", f"127.0.0.1:{number}"]
    command += ["--worker-class", "config.processes.buffering_worker.BufferingWorker", "--threads", str(THREADS)]
    command += ["--pythonpath", str(folder), "--no-control-socket", "--graceful-timeout", "1", "--log-level", "error"]
    server = subprocess.Popen(  # noqa: S603
        command, cwd=Path(__file__).parents[3], env=dict(os.environ)
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", number)):
            break
        time.sleep(0.05)
    yield number
    server.terminate()
    server.wait(20)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def answer(client: socket.socket, *, ending: bytes = b"") -> bytes:
    """What the server sends next, or all of it up to this ending."""
    client.settimeout(5)
    read = client.recv(10_000)
    while not read.endswith(ending):
        more = client.recv(10_000)
        assert more, f"the connection was closed after {read!r}"
        read += more
    return read


class TestWorker:
    @pytest.mark.parametrize("request_", [CHUNKED, SIZED])
    def test_answers_a_request_that_came_in_pieces(self, port: int, request_: bytes) -> None:
        with connect(port) as client:
            for at in range(0, len(request_), 7):
                client.sendall(request_[at : at + 7])
            assert answer(client, ending=b"\r\n\r\nabcde").startswith(b"HTTP/1.1 200 OK\r\n")

    def test_keeps_a_connection_for_the_next_request(self, port: int) -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as client:
            for body in (b"one", b"two"):
                client.request("POST", "/", body)
                assert client.getresponse().read() == body

    def test_tells_a_client_that_waits_to_go_on(self, port: int) -> None:
        with connect(port) as client:
            client.sendall(SIZED[:-5].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            assert answer(client, ending=b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(b"abcde")
            assert b"HTTP/1.1 200 OK\r\n" in answer(client, ending=b"abcde")

    @pytest.mark.parametrize(
        ("path", "status", "body"),
        [
            ("/", 413, {"error": "The body is too large."}),
            ("/stripe/webhook/", 400, {"error": "The body is too large."}),
            (
                "/api/product",
                422,
                {
                    "error": {
                        "code": "bad_input",
                        "message": "body: The body is too large.",
                        "fields": {"body": "The body is too large."},
                    }
                },
            ),
        ],
    )
    def test_refuses_a_request_that_is_too_long(self, port: int, path: str, status: int, body: object) -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as client:
            client.putrequest("POST", path)
            client.putheader("Content-Length", str(MAX_BODY + 1))
            client.endheaders()
            response = client.getresponse()
            assert (response.status, json.loads(response.read())) == (status, body)
            assert response.getheader("Connection") == "close"

    def test_closes_after_a_malformed_request(self, port: int) -> None:
        with connect(port) as client:
            client.sendall(b"nonsense\r\n\r\n")
            assert answer(client).startswith(b"HTTP/1.1 400 ")

    def test_slow_clients_take_no_thread(self, port: int) -> None:
        slow = [connect(port) for _ in range(10 * THREADS)]
        try:
            for number, client in enumerate(slow):
                client.sendall(SIZED[: 20 + number])
            with connect(port) as client:
                client.sendall(SIZED)
                assert answer(client, ending=b"abcde").startswith(b"HTTP/1.1 200 OK\r\n")
            for number, client in enumerate(slow):
                client.sendall(SIZED[20 + number :])
            for client in slow:
                assert answer(client, ending=b"abcde").startswith(b"HTTP/1.1 200 OK\r\n")
        finally:
            for client in slow:
                client.close()

    def test_clients_that_never_hang_up_stop_nobody(self, port: int) -> None:
        closing_ = SIZED.replace(b"Host: x", b"Host: x\r\nConnection: close")
        open_ = [connect(port) for _ in range(10)]
        try:
            for client in open_:
                client.sendall(closing_)
            began = time.monotonic()
            with connect(port) as client:
                client.sendall(SIZED)
                assert answer(client, ending=b"abcde").startswith(b"HTTP/1.1 200 OK\r\n")
            assert time.monotonic() - began < 2
        finally:
            for client in open_:
                client.close()

    def test_the_health_check_is_answered_while_every_thread_waits(self, port: int) -> None:
        waiting = [connect(port) for _ in range(3 * THREADS)]
        try:
            for client in waiting:
                client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            with connect(port) as client:
                client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert answer(client).startswith(b"HTTP/1.1 200 OK")
        finally:
            for client in waiting:
                client.close()

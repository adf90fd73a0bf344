"""The sandbox as a process of its own: real HTTP, command line, and its state after being killed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
import stripe

from tests.controls import control_over_http
from tests.wording import starting

REPOSITORY = Path(__file__).parents[2]
KEY = {"idempotency_key": "key-1"}

# Requests that the SDK never sends, each with the status of the answer.
NONSENSE = {
    b"POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n": 411,
    b"POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n": 413,
    b"POST /v1/customers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 411,
    b"BREW /v1/customers HTTP/1.1\r\nHost: x\r\n\r\n": 501,
    b"GET //evil HTTP/1.1\r\nHost: x\r\n\r\n": 404,
    b"GET /v1/%FF%00 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_1\r\n\r\n": 404,
    b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n": 400,
}


class Process:
    """One `python -m sandbox` on a free port."""

    def __init__(self, *arguments, port=None):
        self.port = port or free_port()
        self.process = subprocess.Popen(  # noqa: S603 - our own program.
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "SANDBOX_PORT": str(self.port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.session = requests.Session()
        self.api = self.client(timeout=5)

    def client(self, *, timeout):
        """Return the real SDK; all threads share one HTTP session, so that it can be closed."""
        return stripe.StripeClient(
            "sk_test_suite",
            base_addresses={"api": f"http://127.0.0.1:{self.port}"},
            http_client=stripe.RequestsClient(timeout=timeout, session=self.session),
        ).v1

    def control(self, path, **body):
        return control_over_http(f"http://127.0.0.1:{self.port}", path, **body)

    def until_it_answers(self):
        for _ in range(1000):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, self.process.stderr.read()
                time.sleep(0.01)
            else:
                return self
        raise AssertionError("it never answered")

    def end(self, how=signal.SIGTERM):
        """Send the signal; return exit code, stdout and stderr."""
        self.process.send_signal(how)
        output, complaints = self.process.communicate(timeout=10)
        return self.process.returncode, output, complaints


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start_sandbox():
    started = []

    def run(*arguments, **options):
        started.append(Process(*arguments, **options))
        return started[-1].until_it_answers()

    yield run
    for process in started:
        process.session.close()
        if process.process.poll() is None:
            process.end(signal.SIGKILL)


class TestLife:
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_stops_cleanly_on_a_signal(self, start_sandbox, how, tmp_path):
        sandbox = start_sandbox("--state", str(tmp_path / "state.sqlite3"))
        sandbox.api.customers.create()

        code, output, complaints = sandbox.end(how)

        assert (code, complaints) == (0, "")
        first, second = output.splitlines()
        assert first == f"Stripe sandbox on http://127.0.0.1:{sandbox.port}. Stop it with Ctrl-C."
        assert second == starting("POST /v1/customers -> 200, ")
        assert [path.name for path in tmp_path.iterdir()] == ["state.sqlite3"]

    def test_quiet_prints_nothing(self, start_sandbox):
        sandbox = start_sandbox("--quiet")
        sandbox.api.customers.create()

        assert sandbox.end() == (0, "", "")

    def test_says_that_its_port_is_taken(self, start_sandbox, tmp_path):
        port = start_sandbox().port

        second = Process("--state", str(tmp_path / "state.sqlite3"), port=port).process
        output, complaints = second.communicate(timeout=10)

        assert (second.returncode, output) == (1, "")
        assert complaints == (
            f"Port {port} is in use. Stop the program that uses it, or choose another with SANDBOX_PORT or --port.\n"
        )
        assert list(tmp_path.iterdir()) == []

    def test_says_that_its_state_file_is_not_one(self, tmp_path):
        state = tmp_path / "notes.txt"
        state.write_text("These are my notes, all of them, and no database.\n" * 99)

        process = Process("--state", str(state)).process
        _output, complaints = process.communicate(timeout=10)

        assert process.returncode == 1
        assert complaints == starting(f"The state file {state} can't be used: ")
        assert state.read_text() == starting("These are my notes")

    @pytest.mark.parametrize("arguments", [["--port", "99999"], ["--port", "x"], ["--webhook", "shop"]])
    def test_refuses_invalid_arguments(self, arguments):
        process = Process(*arguments).process
        _output, complaints = process.communicate(timeout=10)

        assert process.returncode == 2
        assert "usage: python -m sandbox" in complaints


class TestPersistence:
    def test_survives_being_killed(self, start_sandbox, tmp_path):
        state = ("--state", str(tmp_path / "state.sqlite3"), "--webhook", "http://127.0.0.1:9/hook=whsec_1")
        first = start_sandbox(*state)
        first.control("webhooks", mode="hold")
        first.control("clock", advance=86400)
        ada = first.api.customers.create({"name": "Ada"}, KEY)
        for number in range(20):
            first.api.customers.create({"name": f"{number}"})
        first.end(signal.SIGKILL)

        second = start_sandbox(*state)

        names = [customer.name for customer in second.api.customers.list({"limit": 100}).data]
        assert names == [f"{number}" for number in range(19, -1, -1)] + ["Ada"]
        assert second.api.customers.create({"name": "Ada"}, KEY).id == ada.id
        shown = requests.get(f"http://127.0.0.1:{second.port}/_sandbox/state", timeout=5).json()
        assert shown["clock"]["offset"] == 86400
        assert shown["switches"]["webhooks"]["mode"] == "hold"
        assert shown["deliveries"] == {"waiting": 0, "held": 21}
        assert shown["objects"] == {"customer": 21, "event": 21, "webhook_endpoint": 1}

    def test_keeps_every_answered_call_when_killed(self, start_sandbox, tmp_path):
        state = ("--state", str(tmp_path / "state.sqlite3"))
        first = start_sandbox(*state)
        answered = []

        def create():
            while True:
                try:
                    answered.append(first.api.customers.create().id)
                except stripe.APIConnectionError:
                    return

        writers = [threading.Thread(target=create) for _ in range(3)]
        for writer in writers:
            writer.start()
        while len(answered) <= 3 and any(writer.is_alive() for writer in writers):
            time.sleep(0.01)
        first.end(signal.SIGKILL)
        for writer in writers:
            writer.join()

        second = start_sandbox(*state)

        kept = {customer.id for customer in second.api.customers.list({"limit": 100}).auto_paging_iter()}
        assert len(answered) > 3
        assert kept >= set(answered)
        events = {event.data.object.id for event in second.api.events.list({"limit": 100}).auto_paging_iter()}
        assert events == kept


class TestConnections:
    def test_are_kept_alive(self, start_sandbox):
        connection = http.client.HTTPConnection("127.0.0.1", start_sandbox().port, timeout=5)
        sockets = set()
        for _ in range(3):
            connection.request("GET", "/v1/customers", headers={"Authorization": "Bearer sk_test_1"})
            answer = connection.getresponse()
            assert (answer.status, answer.version) == (200, 11)
            assert len(answer.read()) == int(answer.headers["Content-Length"])
            sockets.add(connection.sock.getsockname())
        connection.close()

        assert len(sockets) == 1

    def test_wait_at_the_same_time(self, start_sandbox):
        sandbox = start_sandbox()
        sandbox.control("latency", latency_ms=800)
        callers = [threading.Thread(target=sandbox.api.customers.list) for _ in range(5)]

        began = time.monotonic()
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

        assert time.monotonic() - began < 3.5

    def test_are_closed_without_an_answer(self, start_sandbox):
        sandbox = start_sandbox()
        sandbox.control("faults", status="reset", after=True)

        with pytest.raises(stripe.APIConnectionError):
            sandbox.api.customers.create({"name": "Ada"}, KEY)

        assert sandbox.api.customers.create({"name": "Ada"}, KEY).name == "Ada"
        assert len(sandbox.api.customers.list().data) == 1

    def test_hang_until_the_caller_gives_up(self, start_sandbox):
        sandbox = start_sandbox()
        sandbox.control("faults", status="timeout")

        began = time.monotonic()
        with pytest.raises(stripe.APIConnectionError, match="Read timed out"):
            sandbox.client(timeout=0.3).customers.create({"name": "Ada"})

        assert 0.3 <= time.monotonic() - began < 3
        assert sandbox.api.customers.list().data == []

    def test_survive_invalid_requests(self, start_sandbox):
        sandbox = start_sandbox()
        for head, status in NONSENSE.items():
            with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
                connection.sendall(head)
                with http.client.HTTPResponse(connection) as answer:
                    answer.begin()
                    assert (head, answer.status) == (head, status)
            assert sandbox.api.customers.list().data == []
        assert sandbox.end()[2] == ""

    def test_a_head_request_gets_no_body(self, start_sandbox):
        answer = requests.head(f"http://127.0.0.1:{start_sandbox().port}/", timeout=5)

        assert answer.status_code < 500
        assert answer.content == b""

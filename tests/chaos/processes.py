"""The processes of a run, as the machine holds them: Stripe, the fork server, workers."""

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.chaos.databases import Database

SECRET = "whsec_chaos"
PATIENCE = 60  # Seconds for an answer that no fault holds back.
SHORT_PATIENCE = 0.5

Answer = dict[str, Any]


class Killed(Exception):
    """The worker died before it answered."""


class Stripe:
    """Stripe's side, over HTTP: the dashboard's calls, the sandbox's controls, and what came by mail."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def control(self, path: str, /, **body: Any) -> tuple[int, Answer]:
        return self._ask("POST", f"/_sandbox/{path}", json.dumps(body), {"Content-Type": "application/json"})

    def news(self, since: int) -> Answer:
        return self._ask("GET", f"/_chaos/news?since={since}")[1]

    def state(self) -> Answer:
        return self._ask("GET", "/_sandbox/state")[1]

    def call(self, method: str, path: str, /, **params: Any) -> tuple[int, Answer]:
        """One call to the API as the dashboard makes it; status 0 when a fault swallowed the answer."""
        form = urlencode(list(_flat(params)))
        headers = {"Authorization": "Bearer sk_test_dashboard"}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return self._ask(method, path, form, headers, patience=SHORT_PATIENCE)
        return self._ask(method, f"{path}?{form}", None, headers, patience=SHORT_PATIENCE)

    def post(self, path: str, /, **params: Any) -> Answer:
        """Return the answer to a call of the dashboard, with `refused` if it is an error or was swallowed."""
        return _answer(*self.call("POST", f"/v1/{path}", **params))

    def delete(self, path: str, /) -> Answer:
        return _answer(*self.call("DELETE", f"/v1/{path}"))

    def every(self, path: str, /, **params: Any) -> list[Answer]:
        """A whole list, page after page."""
        found: list[Answer] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            status, page = self.call("GET", path, limit=100, **params, **after)
            assert status == 200, page
            found += page["data"]
            if not page["has_more"]:
                return found

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
        *,
        patience: float = PATIENCE,
    ) -> tuple[int, Answer]:
        connection = self._connection
        connection.timeout = patience
        if connection.sock:
            connection.sock.settimeout(patience)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            if patience == PATIENCE:
                raise
            return 0, {}


class Worker:
    """A process of the product."""

    def __init__(self, path: str, database: Answer) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(2 * PATIENCE)
        self._socket.connect(path)
        self._lines = self._socket.makefile("rw", encoding="utf-8")
        self._say(database)
        self._process_id = 0

    def start(self, order: Answer) -> None:
        self._process_id = self._process_id or self.finish()["process"]
        self._say(order)

    def finish(self) -> Answer:
        """Its answer, or `{"paused": where}`; raises Killed."""
        with suppress(ConnectionError):
            if line := self._lines.readline():
                answer: Answer = json.loads(line)
                return answer
        raise Killed

    def wake(self, now: float) -> None:
        self._say({"now": now})

    def hang_up(self) -> None:
        with suppress(OSError):
            self._lines.close()
        self._socket.close()

    def _say(self, line: Answer) -> None:
        with suppress(ConnectionError):
            self._lines.write(json.dumps(line) + "\n")
            self._lines.flush()

    def kill(self) -> None:
        """From outside, wherever it is."""
        with suppress(ProcessLookupError):
            os.kill(self._process_id, signal.SIGKILL)


class Processes:
    """All processes of a run but the machine's own."""

    def __init__(self, stripe: Stripe, database: Database, socket_path: str, people: list[str]) -> None:
        self.stripe, self.database = stripe, database
        self._socket_path = socket_path
        self.began = time.monotonic()
        self.people, self.without = people, ""
        self._spare: Worker | None = None

    def fork(self) -> Worker:
        """A new worker; the next one is being forked meanwhile."""
        worker, self._spare = self._spare or self._fork(), self._fork()
        return worker

    def _fork(self) -> Worker:
        database = {"database": self.database.name, "began": self.began, "without": self.without}
        return Worker(self._socket_path, database)

    def begin(self) -> None:
        """Empty database, empty Stripe."""
        self.began = time.monotonic()
        self.database.begin(self._empty)
        self.stripe.control("reset")
        if self._spare:
            self._spare.hang_up()
            self._spare = None

    def order(self, **order: Any) -> Answer:
        worker = self.fork()
        worker.start({"now": 0.0, **order})
        answer = worker.finish()
        worker.hang_up()
        return answer

    def _empty(self) -> None:
        self.order(do="empty_tables")


def _answer(status: int, answer: Answer) -> Answer:
    return answer if status == 200 else {"refused": status, **answer}


def signed(body: str) -> str:
    """Stripe's signature, as its documentation describes it."""
    moment = int(time.time())
    digest = hmac.new(SECRET.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


@contextmanager
def started(database: Database, folder: Path) -> Iterator[Processes]:
    """Start Stripe and the fork server, and have the tables made."""
    socket_path = str(folder / "workers")
    with _process("tests.chaos.stripe_host") as host:
        stripe = Stripe(int(_first_line(host)))
        settings = {
            "API_RATE_PER_ADDRESS": "1000000000",
            "API_RATE_PER_TOKEN": "1000000000",
            "BUY_RATE_PER_ACCOUNT": "0",
            "BUY_RATE_PER_ADDRESS": "0",
            "DATABASE_URL": database.url,
            "DEBUG": "True",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "chaos-has-no-secrets",
            "SIGN_IN_CUSTOMERS_PER_MINUTE": "0",
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_KEY": "sk_test_chaos",
            "STRIPE_MAX_RPS": "100000",
            "STRIPE_WEBHOOK_SECRET": SECRET,
        }
        with _process("tests.chaos.fork_server", socket_path, **settings) as fork_server:
            people = _first_line(fork_server).split()
            assert people, "the fork server did not start"
            yield Processes(stripe, database, socket_path, people)


@contextmanager
def _process(module: str, *arguments: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is the machine's affair.
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters in Stripe's form encoding: items[0][price]."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _flat(member, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _flat(member, f"{name}[{index}]")
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)

"""The site as it is deployed, beside a sandbox and a mail server that accepts connections and says nothing."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks import machine
from benchmarks.standin.process import ROOT

SECONDS_TO_START = 60


@dataclass(frozen=True)
class Site:
    """The ports of the site and its sandbox, and what people need to buy."""

    port: int
    sandbox: int
    price: str
    sessions: list[str]

    def set_stripe_latency(self, milliseconds: int) -> None:
        """Delay the answer to each call to Stripe."""
        body = json.dumps({"latency_ms": milliseconds}).encode()
        address = f"http://127.0.0.1:{self.sandbox}/_sandbox/latency"
        urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=90).close()


@contextmanager
def started(folder: Path, *, people: int) -> Iterator[Site]:
    """Start everything, with its files in `folder`, and stop it at the end."""
    with ExitStack() as stack:
        mail = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        port, sandbox = _free_port(), _free_port()
        settings = machine.OWN_SETTINGS | {
            "DEBUG": "False",
            "DATABASE_URL": f"sqlite:///{folder / 'waiting.sqlite3'}",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.getsockname()[1]}",
            "PORT": str(port),
            "SITE_URL": f"http://127.0.0.1:{port}",
            "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox}",
            # The tries of this benchmark come from one address. It measures what hashing costs, not what is refused.
            "SIGN_IN_RATE_PER_ADDRESS": "0",
            "SIGN_IN_RATE_PER_ACCOUNT": "0",
        }
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **settings}
        state = ["--state", str(folder / "sandbox.sqlite3")]
        _start(stack, ["-m", "sandbox", "--port", str(sandbox), *state], environment, sandbox)
        options = json.dumps({"people": people})
        made = machine.outcome([sys.executable, "-m", "benchmarks.jobs", "visitors.prepare", options], settings)
        gunicorn = ["-m", "gunicorn", "config.wsgi:application", "--config", "python:config.processes.gunicorn_conf"]
        _start(stack, [*gunicorn, "--no-control-socket", "--log-level", "critical"], environment, port)
        yield Site(port, sandbox, **made)


def _start(stack: ExitStack, arguments: list[str], environment: dict[str, str], port: int) -> None:
    process: subprocess.Popen[Any] = subprocess.Popen(  # noqa: S603
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(_stop, process)
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise machine.JobFailed(f"{arguments[1]} does not answer")


def _stop(process: "subprocess.Popen[Any]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

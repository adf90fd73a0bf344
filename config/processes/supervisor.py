"""Runs several programs as one: starts them in order, merges their output, stops them in the opposite order."""

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import TextIOBase
from pathlib import Path
from types import TracebackType
from typing import Any, Self

COLOURS = (36, 32, 35, 33, 34)  # ANSI: cyan, green, magenta, yellow, blue.

SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
POLL_SECONDS = 0.05


class PortTaken(Exception):
    """Another program already listens on the port."""

    def __init__(self, port: int, setting: str) -> None:
        super().__init__(f"Port {port} is taken by another program. Choose another one, as in {setting}={port + 1}.")


class ProgramEnded(Exception):
    """A program ended that should keep running, or was not ready in time."""


def require_free(port: int, *, host: str, setting: str) -> None:
    """Raise PortTaken if the port is in use; its message names the setting to choose another."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # Servers do the same, so connections lingering from an earlier run do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(port, setting) from error


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command that runs in `folder` under a short name. It is ready once `url` answers, if it has one."""

    name: str
    command: list[str]
    folder: Path
    url: str = ""


@dataclass
class Supervisor:
    """Starts programs inside a ``with`` block and stops them at its end, the last one started first.

    Ctrl-C, SIGTERM and SIGHUP end the block without an error. Each program has a session of its own, so that Ctrl-C
    reaches only this process, which then stops the programs in order.
    """

    out: TextIOBase
    _running: list["_Running"] = field(default_factory=list)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _handlers: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, signal.default_int_handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        while self._running:
            self._running.pop().stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        return kind is KeyboardInterrupt

    def start(self, *programs: Program) -> None:
        """Start the programs together and return when all are ready. Raises ProgramEnded if one fails to start."""
        for program in programs:
            write = partial(self._write, self._prefix(program.name))
            self._running.append(_Running(program, write))
        self._wait_until_ready(*(program.url for program in programs if program.url))

    def wait(self) -> None:
        """Block until a program ends (raises ProgramEnded) or a signal arrives (raises KeyboardInterrupt)."""
        while True:
            self._check()
            time.sleep(POLL_SECONDS)

    def _wait_until_ready(self, *urls: str) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        for url in urls:
            while not _answers(url):
                self._check()
                if time.monotonic() > deadline:
                    raise ProgramEnded(f"Nothing answers at {url} after {SECONDS_TO_START} seconds.")
                time.sleep(POLL_SECONDS)

    def _check(self) -> None:
        for running in self._running:
            running.check()

    def _prefix(self, name: str) -> str:
        label = f"{name:<8}| "
        if not self.out.isatty() or os.environ.get("NO_COLOR"):
            return label
        return f"\033[{COLOURS[len(self._running) % len(COLOURS)]}m{label}\033[0m"

    def _write(self, prefix: str, line: str) -> None:
        with self._writing:
            self.out.write(f"{prefix}{line}\n")
            self.out.flush()


class _Running:
    """A started program, and the thread that prints its output."""

    def __init__(self, program: Program, write: Callable[[str], None]) -> None:
        self.name = program.name
        self.process = subprocess.Popen(  # noqa: S603
            program.command,
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, args=(write,), daemon=True)
        self.reader.start()

    def check(self) -> None:
        """Raise ProgramEnded if it has ended, after the rest of its output is printed."""
        if self.process.poll() is not None:
            self.reader.join(1)
            raise ProgramEnded(f"{self.name} ended by itself (exit code {self.process.returncode}).")

    def stop(self) -> None:
        """Terminate it; if it does not end in time, kill it and everything that it started."""
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join(1)

    def _read(self, write: Callable[[str], None]) -> None:
        assert self.process.stdout is not None  # noqa: S101  (Popen has made a pipe)
        with self.process.stdout as lines:
            for line in lines:
                write(line.rstrip())


def _answers(url: str) -> bool:
    """Return whether a server answers, even with an error. Proxies are bypassed: the server is on this machine."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=2).close()
    except urllib.error.HTTPError as answer:
        answer.close()
    except OSError:
        return False
    return True

"""Commands of the project, started as people start them, on a copy of it that no other run touches."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings

NOT_COPIED = shutil.ignore_patterns(
    ".*", "tests", "docs", "staticfiles", "*.sqlite3*", "demo.sandbox*", "node_modules"
)
PATIENCE = 180  # Seconds: a machine may be busy with other tests.


def copy_project(folder: Path) -> Path:
    """Copy what runs into a new folder, and nobody's settings or data."""
    shutil.copytree(settings.BASE_DIR, folder, ignore=NOT_COPIED)
    return folder


def free_ports() -> dict[str, str]:
    """Two free ports, by the settings that choose them."""
    with socket.socket() as one, socket.socket() as two:
        for probe in (one, two):
            probe.bind(("127.0.0.1", 0))
        return {"PORT": str(one.getsockname()[1]), "SANDBOX_PORT": str(two.getsockname()[1])}


def is_listening(port: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


class Running:
    """A started command, and what it has printed so far."""

    def __init__(self, project: Path, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(project / "manage.py"), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed: list[str] = []
        self._unread: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # A full pipe would halt the command, so somebody always reads.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def read_until(self, pattern: str) -> "re.Match[str]":
        """Return the next line's match; fail once the command has ended, or after PATIENCE seconds."""
        deadline = time.monotonic() + PATIENCE
        while (line := self._next_line(deadline)) is not None:
            if found := re.search(pattern, line):
                return found
        pytest.fail(f"{pattern} was not printed, but:\n{self.text}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(number)
        self.read_to_the_end()
        return self.process.returncode

    def read_to_the_end(self) -> str:
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while self._next_line(time.monotonic() + PATIENCE) is not None:
            pass
        return self.text

    @property
    def text(self) -> str:
        return "".join(self.printed)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._unread.put(line)
        self._unread.put(None)

    def _next_line(self, deadline: float) -> str | None:
        try:
            line = self._unread.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if line is None:
            self._unread.put(None)  # The end stays the end.
        else:
            self.printed.append(line)
        return line

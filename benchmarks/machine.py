"""Start each job in a process with its own settings, and describe this machine."""

import json
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.standin.process import ROOT, Standin

WEBHOOK_SECRET = "whsec_benchmarks"  # noqa: S105  (nobody's)
OWN_SETTINGS = {
    "DEBUG": "True",  # While the settings load: the static files need no collecting then.
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "measured-on-this-machine-only",
    "STRIPE_KEY": "sk_test_benchmarks",
    "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
}
UNLIMITED_RPS = 100_000  # More calls a second than any job makes.


class JobFailed(Exception):
    """A job failed; the message is the end of its output."""


@dataclass(frozen=True)
class Jobs:
    """Runs jobs against one stand-in and one database."""

    standin: Standin
    database_url: str

    def run(self, name: str, *, max_rps: int = UNLIMITED_RPS, **options: Any) -> dict[str, Any]:
        """Run one job in a new process, and return its result."""
        settings = self._settings | {"STRIPE_MAX_RPS": str(max_rps)}
        return outcome([sys.executable, "-m", "benchmarks.jobs", name, json.dumps(options)], settings)

    def command(self, name: str) -> dict[str, Any]:
        """Run a command of `manage.py` as cron does, and return the time, CPU and memory of its process."""
        began = time.perf_counter()
        arguments = [sys.executable, "manage.py", name]
        process = subprocess.Popen(  # noqa: S603
            arguments, cwd=ROOT, env=_environment(self._settings), stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise JobFailed(f"manage.py {name} ended with {process.returncode}")
        return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_kib": usage.ru_maxrss}

    @property
    def _settings(self) -> dict[str, str]:
        return OWN_SETTINGS | {"DATABASE_URL": self.database_url, "STRIPE_API_BASE": self.standin.address}


def outcome(command: list[str], settings: dict[str, str]) -> dict[str, Any]:
    """Run a command that prints its result as JSON in its last line."""
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=_environment(settings), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise JobFailed(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _environment(settings: dict[str, str]) -> dict[str, str]:
    """An environment without the developer's own settings: never a live key."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **settings}


def description() -> str:
    """One line about the machine and what runs on it."""
    packages = ", ".join(f"{name} {version(name.lower())}" for name in ("Django", "stripe"))
    return (
        f"{_processor()}, {os.cpu_count()} cores, {_memory()} GB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {packages}"
    )


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)

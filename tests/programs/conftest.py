"""A sandbox that runs as a process of its own, and programs that run against it as other people wrote them."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stripe
from django.conf import settings

from tests.controls import control_over_http
from tests.running import PATIENCE, free_ports, is_listening

PROGRAMS = Path(__file__).parent
LONGEST_RUN = 1200  # Seconds for one program: the first run of dj-stripe makes its tables, which takes minutes.


@dataclass(frozen=True)
class Served:
    """A running sandbox, and Stripe's own Python client for it."""

    url: str

    @property
    def api(self) -> Any:
        return stripe.StripeClient("rk_test_check", base_addresses={"api": self.url}).v1

    def state(self) -> Any:
        return control_over_http(self.url, "state", method="GET")

    def control(self, path: str, /, **body: Any) -> Any:
        return control_over_http(self.url, path, **body)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Served]:
    port = free_ports()["SANDBOX_PORT"]
    with (tmp_path / "sandbox.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "sandbox", "--port", port],
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port)
            served = Served(f"http://127.0.0.1:{port}")
            yield served
            assert served.state()["violations"] == []
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_listening(port):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def run_node() -> Callable[..., Any]:
    """Run a program of tests/programs/ with node; return the JSON of its last line."""

    def run(folder: str, **environment: str) -> Any:
        node = shutil.which("node")
        if node is None:
            pytest.skip("no node on the PATH")
        if not (PROGRAMS / folder / "node_modules").exists():
            pytest.skip(f"the packages of {folder} are not installed: make test-programs")
        return _json_of([node, "program.mjs"], PROGRAMS / folder, environment)

    return run


@pytest.fixture
def run_djstripe() -> Callable[..., Any]:
    """Run dj-stripe's program in its own environment; return the JSON of its last line."""
    python = settings.BASE_DIR / ".venv-djstripe/bin/python"

    def run(**environment: str) -> Any:
        if not python.with_name("django-admin").exists():
            pytest.skip("no .venv-djstripe: make test-programs")
        return _json_of([str(python), "-m", "tests.programs.djstripe_sync"], settings.BASE_DIR, environment)

    return run


def _json_of(command: list[str], folder: Path, environment: dict[str, str]) -> Any:
    ended = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN,
        check=False,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return json.loads(ended.stdout.splitlines()[-1])

"""Start, control and end the stand-in, and read which calls it received."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
LIST = "GET /v1/subscriptions"

# Calls a second that Stripe allows at one endpoint (https://docs.stripe.com/rate-limits).
STRIPE_ALLOWS = 25


@dataclass(frozen=True)
class Traffic:
    """The calls that the stand-in received, by endpoint."""

    calls: dict[str, int]
    refused: dict[str, int]
    seconds: dict[str, float]

    @property
    def total(self) -> int:
        return sum(self.calls.values())


@dataclass(frozen=True)
class Standin:
    address: str
    subscriptions: int = 0

    def set(self, *, latency_ms: int = 0, per_second: int = 0) -> None:
        """Set the latency, and the limit of calls a second at each endpoint; 0 means no limit."""
        self._control("settings", latency_ms=latency_ms, per_second=per_second)

    def forget(self) -> None:
        self._control("forget")

    def traffic(self) -> Traffic:
        return Traffic(**self._control("traffic"))

    def change(self, *, first: int, clear: int, unclear: int = 0) -> list[str]:
        """Change subscriptions; returns their ids."""
        changed: list[str] = self._control("change", first=first, clear=clear, unclear=unclear)["changed"]
        return changed

    def advance(self, seconds: int) -> int:
        """Move Stripe's clock forward; returns its new time."""
        now: int = self._control("advance", seconds=seconds)["now"]
        return now

    def _control(self, name: str, **body: Any) -> dict[str, Any]:
        request = Request(  # noqa: S310  (our own address)
            f"{self.address}/_standin/{name}", json.dumps(body).encode(), method="POST"
        )
        with urlopen(request) as response:  # noqa: S310
            answered: dict[str, Any] = json.load(response)
        return answered


@contextmanager
def playing(subscriptions: int) -> Iterator[Standin]:
    """Run a stand-in with this many subscriptions during the block."""
    command = [sys.executable, "-m", "benchmarks.standin", str(subscriptions)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101
        yield Standin(process.stdout.readline().strip(), subscriptions)
    finally:
        process.terminate()
        process.wait()

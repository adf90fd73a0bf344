"""The stand-in seen from the measuring side: started, told what to do, asked what it saw, ended."""

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

# What Stripe allows each endpoint (https://docs.stripe.com/rate-limits).
STRIPE_ALLOWS = 25


@dataclass(frozen=True)
class Traffic:
    """What reached the stand-in, by endpoint."""

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
        """Answer so late, and so many calls a second at each endpoint; 0: no limit."""
        self._control("settings", latency_ms=latency_ms, per_second=per_second)

    def forget(self) -> None:
        self._control("forget")

    def traffic(self) -> Traffic:
        return Traffic(**self._control("traffic"))

    def change(self, *, first: int, clear: int, unclear: int = 0) -> list[str]:
        """Let subscriptions change; their ids."""
        changed: list[str] = self._control("change", first=first, clear=clear, unclear=unclear)["changed"]
        return changed

    def advance(self, seconds: int) -> int:
        """Let time pass at Stripe; its time then."""
        now: int = self._control("advance", seconds=seconds)["now"]
        return now

    def _control(self, name: str, **body: Any) -> dict[str, Any]:
        request = Request(  # noqa: S310  (our own address)
            f"{self.address}/_standin/{name}", json.dumps(body).encode(), method="POST"
        )
        with urlopen(request) as response:  # noqa: S310
            told: dict[str, Any] = json.load(response)
        return told


@contextmanager
def playing(subscriptions: int) -> Iterator[Standin]:
    """Have a stand-in with so many subscriptions for the length of a block."""
    command = [sys.executable, "-m", "benchmarks.standin", str(subscriptions)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None  # noqa: S101
        yield Standin(process.stdout.readline().strip(), subscriptions)
    finally:
        process.terminate()
        process.wait()

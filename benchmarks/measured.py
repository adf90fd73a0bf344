"""The result of one job, and the calls that the stand-in received from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.standin.process import LIST, Standin


@dataclass(frozen=True)
class Measured:
    told: dict[str, Any]
    calls: dict[str, int]
    refused: int
    list_seconds: float  # From the first call for a page of subscriptions to the last one's answer.

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def lists(self) -> int:
        return self.calls.get(LIST, 0)

    @property
    def seen(self) -> int:
        """The number of subscriptions that it read."""
        return int(self.told["looked_at"])

    @property
    def cpu_each(self) -> float:
        """Seconds of CPU for each subscription."""
        return float(self.told["cpu"]) / self.seen


def measured(
    standin: Standin, job: Callable[[], dict[str, Any]], *, latency_ms: int = 0, per_second: int = 0
) -> Measured:
    """Run a job with this latency and this limit of calls a second at each endpoint of the stand-in (0: no limit)."""
    standin.set(latency_ms=latency_ms, per_second=per_second)
    standin.forget()
    told = job()
    traffic = standin.traffic()
    standin.set()
    return Measured(told, traffic.calls, sum(traffic.refused.values()), traffic.seconds.get(LIST, 0.0))

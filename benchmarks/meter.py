"""Measure a block: seconds, CPU of all threads, and the peak growth of memory."""

import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

STATUS, FORGET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Meter:
    """Measures the block of its `with` statement."""

    wall = cpu = 0.0
    grown_kib = 0  # The peak above what was in use before.

    def __enter__(self) -> Self:
        with suppress(OSError):
            FORGET_PEAK.write_text("5")
        self._before = in_use()
        self._began, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.wall, self.cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        self.grown_kib = max(0, _peak() - self._before)

    def told(self) -> dict[str, float]:
        return {"wall": self.wall, "cpu": self.cpu, "grown_kib": self.grown_kib}


def in_use() -> int:
    """The memory of this process in KiB."""
    return _status("VmRSS") or _peak()


def _peak() -> int:
    kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _status("VmHWM") or (kept // 1024 if sys.platform == "darwin" else kept)


def _status(name: str) -> int:
    """A value of /proc/self/status in KiB; 0 on other systems than Linux."""
    with suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0

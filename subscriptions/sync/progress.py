"""The progress of a long run: a bar on a terminal, lines in a log, and the points at which it can be stopped.

A run calls `expect` with the work to do and `step` with the work done, whether or not anything is shown.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

logger = logging.getLogger(__name__)

# A run shorter than this shows no bar.
SECONDS_BEFORE_A_BAR = 2

SECONDS_BETWEEN_LINES = 10

# By default tqdm starts a thread that redraws idle bars, and takes a lock that is shared between processes.
tqdm.monitor_interval = 0
tqdm.set_lock(threading.RLock())


class Interrupted(Exception):
    """The run was asked to stop; the next one continues from the saved position."""


class Progress:
    """Shows nothing; the subclasses show a bar or write lines."""

    def expect(self, total: int | None) -> None:
        """Begin, with about this many to do; None or 0 if that is not known."""

    def step(self, count: int, label: str = "") -> None:
        """Count this many more as done, and name the next part; 0 if only time has passed.

        Raises Interrupted if the run was asked to stop, so all work done so far must be saved before.
        """

    def finish(self) -> None:
        """End, whether or not the run was successful; calling it again does nothing."""


SILENT = Progress()


class Bar(Progress):
    """A bar with count, total, rate and time left, removed at the end."""

    def __init__(self, stream: TextIO, *, delay: float = SECONDS_BEFORE_A_BAR) -> None:
        self._stream, self._delay = stream, delay
        self._bar: Any = None

    def expect(self, total: int | None) -> None:
        self.finish()
        self._bar = tqdm(
            desc="Comparing",
            total=total or None,
            unit=" subscriptions",
            file=self._stream,
            delay=self._delay,
            leave=False,
            dynamic_ncols=True,
        )

    def step(self, count: int, label: str = "") -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(label, refresh=False)
            self._bar.update(count)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Lines(Progress):
    """A line in the log every ten seconds; a shorter run writes none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.expect(None)

    def expect(self, total: int | None) -> None:
        self._total, self._done = total, 0
        self._began_at = self._last_line_at = self._clock()

    def step(self, count: int, label: str = "") -> None:
        self._done += count
        now = self._clock()
        if now - self._last_line_at >= SECONDS_BETWEEN_LINES:
            self._last_line_at = now
            logger.info("%s%s", self._summary(now - self._began_at), f", {label}" if label else "")

    def _summary(self, seconds: float) -> str:
        rate = self._done / seconds
        if not self._total or self._done > self._total:
            return f"{self._done:,} subscriptions compared, {rate:,.0f} a second"
        left = f", about {(self._total - self._done) / rate:,.0f} s left" if rate else ""
        return f"{self._done:,} of about {self._total:,} subscriptions compared, {rate:,.0f} a second{left}"


class Stoppable(Progress):
    """Wraps another progress, and ends the run at the next step once `is_stopped` returns true."""

    def __init__(self, shown: Progress, is_stopped: Callable[[], bool]) -> None:
        self._shown, self._is_stopped = shown, is_stopped

    def expect(self, total: int | None) -> None:
        self._shown.expect(total)

    def step(self, count: int, label: str = "") -> None:
        self._shown.step(count, label)
        if self._is_stopped():
            raise Interrupted

    def finish(self) -> None:
        self._shown.finish()


def for_stream(stream: TextIO) -> Progress:
    """Return a bar if the stream is a terminal, else lines in the log."""
    return Bar(stream) if stream.isatty() else Lines()

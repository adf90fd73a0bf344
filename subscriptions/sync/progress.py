"""How far a long run has come: a bar on a terminal, a line now and then in a log, and where it may be stopped.

A run tells `expect` what there is to do and `step` what is done; whether anybody sees it is not the run's concern.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

logger = logging.getLogger(__name__)

# A run that is over by then shows no bar.
SECONDS_BEFORE_A_BAR = 2

SECONDS_BETWEEN_LINES = 10

# Else tqdm starts a thread that redraws bars which nobody steps, and takes a lock that processes share.
tqdm.monitor_interval = 0
tqdm.set_lock(threading.RLock())


class Interrupted(Exception):
    """The run was asked to stop; what it has stored lets the next one go on from here."""


class Progress:
    """Tells nobody; the others tell by a bar or by lines."""

    def expect(self, total: int | None) -> None:
        """Begin: about so many are to be done; None or nothing where that is not known."""

    def step(self, count: int, label: str = "") -> None:
        """So many more are done, and what comes next; none where only the time passes.

        Raises Interrupted where the run shall end. So everything done before must be stored already.
        """

    def finish(self) -> None:
        """End, however the run ended; once more does no harm."""


SILENT = Progress()


class Bar(Progress):
    """A bar that is drawn anew in its place, with count, total, rate and time left, and wiped away at the end."""

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
    """A line in the log every ten seconds, so none for a run that is over sooner."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.expect(None)

    def expect(self, total: int | None) -> None:
        self._total, self._done = total, 0
        self._began = self._told = self._clock()

    def step(self, count: int, label: str = "") -> None:
        self._done += count
        now = self._clock()
        if now - self._told >= SECONDS_BETWEEN_LINES:
            self._told = now
            logger.info("%s%s", self._standing(now - self._began), f", {label}" if label else "")

    def _standing(self, seconds: float) -> str:
        rate = self._done / seconds
        if not self._total or self._done > self._total:
            return f"{self._done:,} subscriptions compared, {rate:,.0f} a second"
        left = f", about {(self._total - self._done) / rate:,.0f} s left" if rate else ""
        return f"{self._done:,} of about {self._total:,} subscriptions compared, {rate:,.0f} a second{left}"


class Stoppable(Progress):
    """Another progress that ends the run at the next step once `is_stopped` says so."""

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


def of(stream: TextIO) -> Progress:
    """What suits the stream: a bar on a terminal, else lines in the log."""
    return Bar(stream) if stream.isatty() else Lines()

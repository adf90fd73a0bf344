"""Stops a long-running command at a safe point after SIGTERM, Ctrl-C or the loss of its terminal."""

import os
import select
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopping:
    """Records signals inside the block, so that the command can end at a safe point; a second Ctrl-C ends it at once.

    Also needed as the first process of a container, where the system ignores these signals by default.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._previous_handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        # Only the main thread may handle signals. A signal that `nohup` ignores stays ignored.
        if threading.current_thread() is threading.main_thread():
            handled = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
            self._previous_handlers = {number: signal.signal(number, self._record) for number in handled}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float) -> None:
        """Sleep this many seconds, or until a stop is requested."""
        # Not threading.Event: a signal handler that sets it while this thread holds its lock would deadlock.
        select.select([self._reader], [], [], seconds)

    def _record(self, number: int, _: FrameType | None) -> None:
        self.is_requested = True
        os.write(self._writer, b".")
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

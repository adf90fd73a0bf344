"""How a command that goes on is told to stop: by SIGTERM, by Ctrl-C, or by its terminal's end."""

import os
import select
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopping:
    """Inside the block a signal is only noted, so that the work ends where nothing is lost; a second Ctrl-C ends it.

    As the first process of a container too, for which the system's own way with these signals is to ignore them.
    """

    def __init__(self) -> None:
        self.asked = False
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        # Only the main thread may take signals. What `nohup` told us to ignore stays ignored.
        if threading.current_thread() is threading.main_thread():
            taken = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
            self._handlers = {number: signal.signal(number, self._note) for number in taken}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float) -> None:
        """Sleep, and wake up at once when asked to stop."""
        # Not threading.Event: a handler that sets one while the same thread takes its lock hangs for ever.
        select.select([self._reader], [], [], seconds)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.asked = True
        os.write(self._writer, b".")
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

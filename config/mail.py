"""The mail backend of the site: a request hands its mails over, and a thread of the process sends them.

A mail server that does not answer then holds up no request. Outside of requests (commands, the shell) mail is sent at
once, so that an error is seen. MAIL_TRANSPORT names the backend that really sends.
Why not a table: docs/decisions/mail-beside-the-request.md.
"""

import atexit
import heapq
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

logger = logging.getLogger(__name__)

# At most this many mails wait to be sent; further ones are refused.
MOST_WAITING = 200

# Seconds before the second and the third try.
PAUSES = (5.0, 60.0)

# How long a process that ends waits until every mail was tried once.
SECONDS_TO_END = 4.0

_in_request: ContextVar[bool] = ContextVar("in_request", default=False)


class TooManyWaiting(OSError):
    """The mail server has been away for so long that no more mails are kept."""


@contextmanager
def beside_the_request() -> Iterator[None]:
    """Send the mails of the block in the background."""
    token = _in_request.set(True)
    try:
        yield
    finally:
        _in_request.reset(token)


@dataclass(order=True)
class Waiting:
    """A mail, when it is due (on the monotonic clock), and how often it was tried."""

    due_at: float
    message: EmailMessage = field(compare=False)
    tries: int = field(default=0, compare=False)


class Sender:
    """Sends mails one after another in a thread, which begins with the first mail."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Waiting] = []
        self._is_sending = False
        self._thread: threading.Thread | None = None

    def take(self, message: EmailMessage) -> None:
        """Keep a mail for sending. Raises TooManyWaiting."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                raise TooManyWaiting("Too many mails wait for the mail server.")
            heapq.heappush(self._waiting, Waiting(time.monotonic(), message))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="mail", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def finish(self, *, seconds: float) -> bool:
        """Wait until every mail was tried once; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(self._has_tried_all, timeout=seconds)

    def _has_tried_all(self) -> bool:
        return not self._is_sending and all(waiting.tries for waiting in self._waiting)

    def _run(self) -> None:
        while True:
            waiting = self._next()
            try:
                _transport().send_messages([waiting.message])
            except Exception as error:  # noqa: BLE001  (each transport raises its own)
                self._note_failure(waiting, error)
            with self._changed:
                self._is_sending = False
                self._changed.notify_all()

    def _next(self) -> Waiting:
        """Wait for the next mail that is due, and remove it."""
        with self._changed:
            while not self._waiting or self._waiting[0].due_at > time.monotonic():
                until = self._waiting[0].due_at - time.monotonic() if self._waiting else None
                self._changed.wait(until)
            self._is_sending = True
            return heapq.heappop(self._waiting)

    def _note_failure(self, waiting: Waiting, error: Exception) -> None:
        is_last = waiting.tries >= len(PAUSES)
        logger.warning("a mail was not sent%s: %s", "" if is_last else " yet", type(error).__name__)
        if is_last:
            return
        waiting.due_at = time.monotonic() + PAUSES[waiting.tries]
        waiting.tries += 1
        with self._changed:
            heapq.heappush(self._waiting, waiting)


sender = Sender()


class BackgroundBackend(BaseEmailBackend):
    """The mail backend that EMAIL_BACKEND names."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if not _in_request.get():
            return _transport().send_messages(email_messages) or 0
        for message in email_messages:
            # Raises for a header that can't be sent, as the transport would.
            message.message()
            sender.take(message)
        return len(email_messages)


def _transport() -> BaseEmailBackend:
    connection: BaseEmailBackend = get_connection(settings.MAIL_TRANSPORT)
    return connection


@atexit.register
def _finish_at_exit() -> None:
    if not sender.finish(seconds=SECONDS_TO_END):
        logger.warning("the process ends with mails that were not sent")

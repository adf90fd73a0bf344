"""Django's password hashers, of which only a few run at once in a process.

A hash takes a processor for a third of a second, on purpose. Sixteen wrong passwords at once would take every thread
and every processor, and nobody else would be answered. The bound is in the hashers, so it holds for signing in,
signing up and each way to set a password, in the admin too.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import hashers

# How long a call waits for its turn.
SECONDS_TO_WAIT = 2.0

NICER_BY = 5

Result = TypeVar("Result")


class HashingBusy(Exception):
    """Too many passwords are being checked at once; nothing was checked."""

    seconds = 3

    def __init__(self) -> None:
        super().__init__("Many people are signing in right now. Please try again in a moment.")


class Turns:
    """The calls that hash a password now, and at most as many that wait for their turn."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hashing = self._waiting = 0
        self._threads = ThreadPoolExecutor(thread_name_prefix="hashing", initializer=_let_others_go_first)

    def hash(self, work: Callable[[], Result]) -> Result:
        """Do the work of a hasher in turn. Raises HashingBusy."""
        if getattr(_thread, "is_for_hashing", False):
            # A hasher verifies by encoding.
            return work()
        self._take(settings.PASSWORD_HASHES_AT_ONCE)
        try:
            return self._threads.submit(work).result()
        finally:
            with self._changed:
                self._hashing -= 1
                self._changed.notify()

    def _take(self, at_once: int) -> None:
        ends_at = time.monotonic() + SECONDS_TO_WAIT
        with self._changed:
            if self._hashing >= at_once and self._waiting >= at_once:
                raise HashingBusy
            self._waiting += 1
            try:
                if not self._changed.wait_for(lambda: self._hashing < at_once, ends_at - time.monotonic()):
                    raise HashingBusy
                self._hashing += 1
            finally:
                self._waiting -= 1


def _let_others_go_first() -> None:
    """Give this thread a lower priority. Linux has one for each thread, other systems for the whole process only."""
    _thread.is_for_hashing = True
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.nice(0) + NICER_BY)


_thread = threading.local()
turns = Turns()


class Bounded:
    """Hashes in turn."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        return turns.hash(partial(super().encode, *args, **kwargs))  # type: ignore[misc,no-any-return]

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        return turns.hash(partial(super().verify, *args, **kwargs))  # type: ignore[misc,no-any-return]


class PBKDF2(Bounded, hashers.PBKDF2PasswordHasher):
    """The one for new passwords."""


class PBKDF2SHA1(Bounded, hashers.PBKDF2SHA1PasswordHasher):
    pass


class Argon2(Bounded, hashers.Argon2PasswordHasher):
    pass


class BCryptSHA256(Bounded, hashers.BCryptSHA256PasswordHasher):
    pass


class Scrypt(Bounded, hashers.ScryptPasswordHasher):
    pass

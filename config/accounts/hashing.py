"""Django's password hashers, of which only a few run at once in a process.

A hash takes a processor for a third of a second, on purpose. Sixteen wrong passwords at once would take every thread
and every processor, and nobody else would be answered. The bound is in the hashers, so it holds for signing in,
signing up and each way to set a password, in the admin too.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers

# How long one waits for its turn.
SECONDS_TO_WAIT = 2.0


class HashingBusy(Exception):
    """Too many passwords are being checked at once; nothing was checked."""

    seconds = 3

    def __init__(self) -> None:
        super().__init__("Many people are signing in right now. Please try again in a moment.")


class Turns:
    """Who hashes, and who waits for it: as many again as hash, and no more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._hashing = self._waiting = 0
        self._own = threading.local()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a turn. Raises HashingBusy."""
        if getattr(self._own, "has_turn", False):
            # A hasher that calls another one.
            yield
            return
        self._take(settings.PASSWORD_HASHES_AT_ONCE)
        self._own.has_turn = True
        try:
            yield
        finally:
            self._own.has_turn = False
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


turns = Turns()


class Bounded:
    """Hashes in turn."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with turns.taken():
            return super().encode(*args, **kwargs)  # type: ignore[misc,no-any-return]

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        with turns.taken():
            return super().verify(*args, **kwargs)  # type: ignore[misc,no-any-return]


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

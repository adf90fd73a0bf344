"""Answers kept under their idempotency keys, so that a repeated POST gets the first one's answer.

Stripe keeps whatever the first request was answered once it began to execute, refusals and 500s included; it keeps
nothing when the parameters were malformed or a twin was still running (docs.stripe.com/error-low-level).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.http.call import Call

KIND = "_answer"
KEPT_SECONDS = 86400


@dataclass(frozen=True)
class Answer:
    """A status and a JSON body; `replayed` when it was given before."""

    status: int
    body: str
    replayed: bool = False

    @classmethod
    def of(cls, body: dict[str, Any], *, status: int = 200) -> "Answer":
        return cls(status, json.dumps(body))

    @classmethod
    def refusal(cls, error: ApiError) -> "Answer":
        return cls.of(error.body(), status=error.status)


class KeysInUse:
    """The idempotency keys of requests that are executing right now."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def reserve(self, key: str | None) -> Iterator[None]:
        """Hold the key for the duration of a request; a second one with the same key is refused with 409."""
        if key is None:
            yield
            return
        with self._lock:
            if key in self._keys:
                raise ApiError.idempotency_in_flight(key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def find(account: Account, call: Call) -> Answer | None:
    """Return what a request with this key was answered before.

    Raises ApiError when that request went to another path or had other parameters.
    """
    key = call.idempotency_key
    kept = account.store.get(KIND, key) if key else None
    if key is None or kept is None or kept["created"] <= account.now - KEPT_SECONDS:
        return None
    if kept["path"] != call.path:
        raise ApiError.idempotency_path(key, kept["path"], call.path)
    if kept["fingerprint"] != call.fingerprint:
        raise ApiError.idempotency_params(key)
    return Answer(kept["status"], kept["body"], replayed=True)


def save(account: Account, call: Call, answer: Answer) -> None:
    """Keep the answer under the request's key, and let go of what is too old to be replayed."""
    if call.idempotency_key is None:
        return
    for old in list(account.store.scan(KIND, created=(None, account.now - KEPT_SECONDS))):
        account.store.purge(KIND, old["id"])
    account.store.put(
        {
            "object": KIND,
            "id": call.idempotency_key,
            "created": account.now,
            "path": call.path,
            "fingerprint": call.fingerprint,
            "status": answer.status,
            "body": answer.body,
        }
    )

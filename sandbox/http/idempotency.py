"""Idempotency: answers are saved under their idempotency keys, and a repeated POST gets the saved answer.

As at Stripe, any answer is saved once the request began to execute, errors and 500s too; none is saved if parameters
were malformed or another request with the key was running (docs.stripe.com/error-low-level).
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
    """A status and a JSON body; `replayed` if it is a saved answer."""

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
    """The idempotency keys of the requests that are executing."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def reserve(self, key: str | None) -> Iterator[None]:
        """Reserve the key for the duration of a request. Raises ApiError (409) if another request has it."""
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
    """Return the answer that is saved under the call's key.

    Raises ApiError if the first request with this key had another path or other parameters.
    """
    key = call.idempotency_key
    kept = account.store.get(KIND, key) if key else None
    if key is None or kept is None or kept["created"] <= account.real_now - KEPT_SECONDS:
        return None
    if kept["path"] != call.path:
        raise ApiError.idempotency_path(key, kept["path"], call.path)
    if kept["fingerprint"] != call.fingerprint:
        raise ApiError.idempotency_params(key)
    return Answer(kept["status"], kept["body"], replayed=True)


def save(account: Account, call: Call, answer: Answer) -> None:
    """Save the answer under the call's key; events/expiry.py drops it later."""
    if call.idempotency_key is None:
        return
    if account.store.get(KIND, call.idempotency_key):
        account.store.purge(KIND, call.idempotency_key)  # An expired one keeps no place in the order of time.
    account.store.put(
        {
            "object": KIND,
            "id": call.idempotency_key,
            "created": account.real_now,
            "path": call.path,
            "fingerprint": call.fingerprint,
            "status": answer.status,
            "body": answer.body,
        }
    )

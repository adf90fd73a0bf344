"""Failures that a control sets: answers 429 and 500, lost connections, and delays."""

import threading
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Literal

from sandbox.core.errors import ApiError
from sandbox.http.call import Call

Lost = Literal["timeout", "reset"]


class ConnectionLost(Exception):
    """The call gets no answer: the connection hangs ("timeout") or breaks ("reset")."""

    def __init__(self, how: Lost) -> None:
        super().__init__(how)
        self.how: Lost = how


@dataclass
class Fault:
    """A failure of the next `count` calls whose path begins with `path`; `after` lets the call take effect first."""

    status: int | Lost
    count: int = 1
    path: str = "/v1/"
    method: str | None = None
    after: bool = False

    @property
    def is_server_error(self) -> bool:
        """Whether the call fails while it executes, so that its answer is saved under the idempotency key."""
        return isinstance(self.status, int) and self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def fails_before(self) -> bool:
        return not self.is_server_error and not self.after

    @property
    def fails_after(self) -> bool:
        return not self.is_server_error and self.after

    def matches(self, call: Call) -> bool:
        return call.path.startswith(self.path) and self.method in {None, call.method}

    def error(self) -> ApiError | ConnectionLost:
        """Return the error that the call gets."""
        if not isinstance(self.status, int):
            return ConnectionLost(self.status)
        if self.is_server_error:
            return ApiError.server_error(status=self.status)
        return ApiError.rate_limited()


@dataclass
class Delays:
    """Delays in real time: before a call executes, and between its reads and the `Date` of its answer."""

    latency_ms: int = 0
    date_delay: float = 0


class Faults:
    """The faults that are still to happen, in the order in which they were set."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the first fault that matches this call, and count it."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.matches(call)), None)
            if fault:
                fault.count -= 1
                self._faults = [fault for fault in self._faults if fault.count > 0]
        return fault

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

"""Failures on demand: calls answered 429 or 500, or left without an answer, before or after they took effect."""

import threading
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Literal

from sandbox.core.errors import ApiError
from sandbox.http.call import Call

Lost = Literal["timeout", "reset"]


class ConnectionLost(Exception):
    """The caller gets no answer: the connection hangs ("timeout") or breaks ("reset")."""

    def __init__(self, how: Lost) -> None:
        super().__init__(how)
        self.how: Lost = how


@dataclass
class Fault:
    """What happens to the next `count` calls whose path begins with `path`; with `after`, once they took effect."""

    status: int | Lost
    count: int = 1
    path: str = "/v1/"
    method: str | None = None
    after: bool = False

    @property
    def is_server_error(self) -> bool:
        """A 500 happens while a call executes, so it is kept for the idempotency key; of the others none is."""
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
        """Return what the caller gets to see."""
        if not isinstance(self.status, int):
            return ConnectionLost(self.status)
        if self.is_server_error:
            return ApiError.server_error(status=self.status)
        return ApiError.rate_limited()


@dataclass
class Delays:
    """Real waiting: before a call is executed, and between what it read and the stamping of its `Date`."""

    latency_ms: int = 0
    date_delay: float = 0


class Faults:
    """The faults still to come; of two that match a call, the one set first."""

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
        """Return the fault that strikes this call, and count it."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.matches(call)), None)
            if fault:
                fault.count -= 1
                self._faults = [fault for fault in self._faults if fault.count > 0]
        return fault

    def shown(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

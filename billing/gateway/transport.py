"""The HTTP clients below the SDK: one pool of connections, and bodies that reach us as they came.

Only public names of the SDK and of Requests are used. What this saves: docs/decisions/read-pages-below-the-sdk.md.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
import stripe
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, NewConnectionError

from billing.gateway import request_budget
from billing.gateway.deadlines import WithinBudget, cut_off_in_time

# Idle connections that are kept for reuse. More threads than that may call at once, over connections of their own.
MAX_CONNECTIONS = 24

Answer = tuple[Any, int, Mapping[str, str]]


@dataclass(slots=True)
class KeptBody:
    body: str | bytes | None = None


_kept: ContextVar[KeptBody | None] = ContextVar("kept", default=None)


@dataclass(slots=True)
class Writes:
    """Whether a call of the block has changed something at Stripe, or may have: its answer was lost, or was a 5xx."""

    may_be_done: bool = False


_writes: ContextVar[Writes | None] = ContextVar("writes", default=None)

# A POST that changes nothing.
PREVIEW = "/create_preview"


class WholeBodies(stripe.RequestsClient):
    """Reads each body at once. Requests reads ten kilobytes at a time, and a page of a list has 400."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> Answer:
        with cut_off_in_time():
            stream, status, answered = self.request_stream(method, url, headers, post_data)
            try:
                return stream.read(decode_content=True), status, answered
            except HTTPError as error:
                broken = stripe.APIConnectionError("The answer broke off.", should_retry=True)  # type: ignore[no-untyped-call]
                raise broken from error


def _check_time() -> None:
    left = request_budget.seconds_left()
    if left is not None and left <= 0:
        raise stripe.APIConnectionError("The time for this request is over.", should_retry=False)  # type: ignore[no-untyped-call]


class BodyKeeper(stripe.HTTPClient):
    """Gives a body to the block that keeps it (`keeping_body`), and an empty object to the SDK in its place.

    The SDK formats each body for a debug log and parses it into ordered dicts; for a list we read neither.
    """

    name = "requests"

    def __init__(self, client: stripe.HTTPClient) -> None:
        super().__init__()
        self._client = client

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> Answer:
        is_write = method.lower() != "get" and not url.endswith(PREVIEW)
        _check_time()
        try:
            body, status, answered = self._client.request(method, url, headers, post_data)
        except stripe.APIConnectionError as error:
            error.should_retry = error.should_retry and not request_budget.is_too_late_for_a_retry()
            if is_write and _was_sent(error):
                _note_write()
            raise
        if is_write and (status < HTTPStatus.BAD_REQUEST or status >= HTTPStatus.INTERNAL_SERVER_ERROR):
            _note_write()
        if status >= HTTPStatus.BAD_REQUEST and request_budget.is_too_late_for_a_retry():
            answered = CaseInsensitiveDict({**answered, "Stripe-Should-Retry": "false"})
        kept = _kept.get()
        # The SDK reads errors.
        if kept is None or status != HTTPStatus.OK:
            return body, status, answered
        kept.body = body
        return "{}", status, answered

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]


@contextmanager
def keeping_body() -> Iterator[KeptBody]:
    """Keep the body of the call that is made inside the block, if it is answered with 200."""
    kept = KeptBody()
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)


@contextmanager
def noting_writes() -> Iterator[Writes]:
    """Note whether anything was changed at Stripe inside the block, or may have been."""
    around, writes = _writes.get(), Writes()
    token = _writes.set(writes)
    try:
        yield writes
    finally:
        _writes.reset(token)
        if around is not None:
            around.may_be_done |= writes.may_be_done


@contextmanager
def surrounding_writes() -> Iterator[Writes]:
    """Use the writes that a block around this one notes, or else note those of this one."""
    if (around := _writes.get()) is not None:
        yield around
        return
    with noting_writes() as own:
        yield own


def _note_write() -> None:
    if (writes := _writes.get()) is not None:
        writes.may_be_done = True


def _was_sent(error: stripe.APIConnectionError) -> bool:
    """Whether the request may have left: False if there was no connection to send it over."""
    cause = error.__cause__
    if isinstance(cause, requests.ConnectTimeout):
        return False
    failure = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return not isinstance(getattr(failure, "reason", None), NewConnectionError)


def http_client(base: str, timeout: tuple[float, float]) -> stripe.HTTPClient:
    return BodyKeeper(WholeBodies(timeout=timeout, session=_session(base)))


def _session(base: str) -> requests.Session:
    """One pool of connections for all threads.

    Proxies are read from the environment now and not at each call; a `netrc` never replaces our key.
    """
    session = requests.Session()
    session.trust_env = False
    session.proxies = get_environ_proxies(base or stripe.DEFAULT_API_BASE)
    for scheme in ("https://", "http://"):
        session.mount(scheme, WithinBudget(pool_maxsize=MAX_CONNECTIONS))
    return session

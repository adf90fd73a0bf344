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
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

# Idle connections that are kept for reuse. More threads than that may call at once, over connections of their own.
MAX_CONNECTIONS = 24

Answer = tuple[Any, int, Mapping[str, str]]


@dataclass(slots=True)
class KeptBody:
    body: str | bytes | None = None


_kept: ContextVar[KeptBody | None] = ContextVar("kept", default=None)


class WholeBodies(stripe.RequestsClient):
    """Reads each body at once. Requests reads ten kilobytes at a time, and a page of a list has 400."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> Answer:
        stream, status, answered = self.request_stream(method, url, headers, post_data)
        try:
            return stream.read(decode_content=True), status, answered
        except HTTPError as error:
            broken = stripe.APIConnectionError("The answer broke off.", should_retry=True)  # type: ignore[no-untyped-call]
            raise broken from error


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
        body, status, answered = self._client.request(method, url, headers, post_data)
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
        session.mount(scheme, HTTPAdapter(pool_maxsize=MAX_CONNECTIONS))
    return session

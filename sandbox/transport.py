"""An HTTP client for the SDK that calls a sandbox in the same process.

client = stripe.StripeClient("sk_test_1", http_client=InProcessClient(sandbox), max_network_retries=2)
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from threading import local
from typing import Any

import stripe
from requests.structures import CaseInsensitiveDict
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from sandbox.app import Sandbox
from sandbox.http.faults import ConnectionLost


class InProcessClient(stripe.HTTPClient):
    """Sends the SDK's requests to the sandbox, and counts them in `requests` by method and path."""

    name = "sandbox"

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.sandbox = sandbox
        self.requests: Counter[str] = Counter()
        self._answered = local()  # Each thread has its own last status.

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_usage: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """Return body, status and case-insensitive headers, as the SDK's other clients do."""
        scheme, _, rest = url.partition("://")
        host, _, target = rest.partition("/")
        self.requests[f"{method.upper()} /{target.partition('?')[0]}"] += 1
        self._answered.status = None
        body = post_data.encode() if isinstance(post_data, str) else post_data
        try:
            response = exchange(
                self.sandbox, method.upper(), f"/{target}", (headers or {}).items(), body, origin=f"{scheme}://{host}"
            )
        except ConnectionLost as lost:
            raise _connection_error(lost) from lost
        self._answered.status = response.status_code
        return response.get_data(as_text=True), response.status_code, CaseInsensitiveDict(response.headers)

    def _sleep_time_seconds(self, num_retries: int) -> float:
        """Wait as the SDK does after a 409, until the other call ends; after other errors retry at once."""
        is_busy = self._answered.status == HTTPStatus.CONFLICT
        return super()._sleep_time_seconds(num_retries) if is_busy else 0.0

    def close(self) -> None:
        """Do nothing: there is no connection to close."""


def _connection_error(lost: ConnectionLost) -> stripe.APIConnectionError:
    message = f"The sandbox lost the connection: {lost.how}"
    return stripe.APIConnectionError(message, should_retry=True)  # type: ignore[no-untyped-call]


def exchange(
    sandbox: Sandbox,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes | None,
    *,
    origin: str = "http://localhost",
) -> Response:
    """Send one request to the sandbox and return its answer; `target` is the path and query.

    Raises ConnectionLost for a fault that loses the connection.
    """
    builder = EnvironBuilder(path=target, base_url=origin, method=method, headers=Headers(list(headers)), data=body)
    try:
        return Response.from_app(sandbox, builder.get_environ())
    finally:
        builder.close()

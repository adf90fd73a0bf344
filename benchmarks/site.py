"""Requests through a whole Django site without a server: middleware, routing, view, clean-up.

It works with any site, ours or dj-stripe's; Django must be set up.
"""

import hashlib
import hmac
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db import connection

HOST, PORT = "127.0.0.1", "8000"


@dataclass
class Site:
    """A Django site without its server."""

    application: Any = field(default_factory=get_wsgi_application)
    cookies: str = ""

    def get(self, path: str) -> tuple[int, bytes]:
        return self._exchange("GET", path, b"", {})

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        return self._exchange("POST", path, body, headers)

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body."""
        begun: list[str] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": HOST,
            "SERVER_PORT": PORT,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": f"{HOST}:{PORT}",
            "REMOTE_ADDR": HOST,
            "HTTP_COOKIE": self.cookies,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            **headers,
        }
        response = self.application(environ, lambda status, _headers: begun.append(status))
        try:
            content = b"".join(response)
        finally:
            response.close()
        return int(begun[0].split()[0]), content


@dataclass
class Queries:
    count: int = 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        self.count += 1
        return execute(sql, params, many, context)


@contextmanager
def counted_queries() -> Iterator[Queries]:
    queries = Queries()
    with connection.execute_wrapper(queries):
        yield queries


def signature(body: bytes, secret: str) -> str:
    """Sign a webhook's body as Stripe does: https://docs.stripe.com/webhooks#verify-manually"""
    stamp = str(int(time.time()))
    proof = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={proof}"

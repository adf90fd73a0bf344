"""Request bodies sent in chunks: they come without a Content-Length, and Django then reads no body at all."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Application = Callable[..., Iterable[bytes]]


class ReadChunkedBodies:
    """WSGI middleware that reads a chunked body whole and sets its Content-Length.

    Reading stops at `limit` + 1 bytes, so that Django refuses a longer body as it refuses any other. gunicorn and
    uWSGI set `wsgi.input_terminated` if reading stops at the body's end; from other servers it would never stop.
    """

    def __init__(self, application: Application, *, limit: int) -> None:
        self.application = application
        self.limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(self.limit + 1)
            environ = {**environ, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return self.application(environ, start_response)

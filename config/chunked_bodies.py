"""Bodies that come in chunks: without a length, Django takes such a request for one without a body."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

Application = Callable[..., Iterable[bytes]]


class WithLength:
    """Tells the application how long a body is whose end only the server knows; it is read whole before.

    Of a body longer than `limit` bytes one more than that is read, so that it is refused as any other.
    The flag is gunicorn's and uWSGI's; Werkzeug and Flask go by it too.
    """

    def __init__(self, application: Application, *, limit: int) -> None:
        self.application = application
        self.limit = limit

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(self.limit + 1)
            environ = {**environ, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}
        return self.application(environ, start_response)

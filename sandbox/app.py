"""The WSGI application: passes each request to the API, the controls or the pages."""

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from sandbox.api import Api
from sandbox.controls import routes as controls
from sandbox.core.errors import ApiError
from sandbox.http.call import Call
from sandbox.http.faults import ConnectionLost
from sandbox.local_stripe import LocalStripe
from sandbox.pages import routes as pages

log = logging.getLogger("sandbox")

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Sandbox(LocalStripe):
    """A local Stripe that answers requests, from a server or from the same process."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        try:
            response = self.respond(Request(environ))
        finally:
            self.deliveries.send_now()
        return response(environ, start_response)

    def respond(self, request: Request) -> Response:
        """Answer a request. Raises ConnectionLost for a fault that loses the connection."""
        try:
            return self._respond(request)
        except ConnectionLost:
            raise
        except Exception as bug:
            log.exception("%s %s failed", request.method, request.path)
            self.account.violations.append(f"{request.method} {request.path}: {bug!r}")
            body = json.dumps(ApiError.server_error(f"The sandbox failed: {bug!r}").body())
            return Response(body, status=500, mimetype="application/json")

    def _respond(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            call = Call.arrived(request)
            with self.naming(call.names):
                return Api(self).respond(call)
        if request.path.startswith("/v2/"):
            return Api(self).respond_v2(Call.arrived(request))
        with self.naming(request.path.split("/")):
            if request.path.startswith("/_sandbox/"):
                return controls.respond(self, request)
            return pages.respond(self, request)

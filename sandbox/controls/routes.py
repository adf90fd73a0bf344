"""The routing of controls: requests under `/_sandbox/`, with JSON bodies and answers.

A control is a function that takes the sandbox, the request's Body and the ids in the path; it returns the answer and
raises ApiError to refuse. Each module lists its controls in `ROUTES`.
"""

import json
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.controls import checkout, clock, events, invoices, payments, portal, switches
from sandbox.controls.body import Body
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe

MODULES = [switches, clock, checkout, payments, portal, events, invoices]


def respond(sandbox: LocalStripe, request: Request) -> Response:
    """Answer a request to a control; invalid input gets a 400 that names the member."""
    try:
        control, path_ids = _ROUTES.bind("sandbox").match(request.path, request.method)
        answer = control(sandbox, Body.read(request), **path_ids)
    except MethodNotAllowed as refused:
        allowed = ", ".join(refused.valid_methods or ())
        return _json(ApiError.invalid(f"{request.path} accepts only {allowed}.").body(), status=405, Allow=allowed)
    except HTTPException:
        return _json(ApiError.invalid(f"There is no control {request.path}.").body(), status=404)
    except ApiError as error:
        return _json(error.body(), status=error.status)
    return _json(answer)


def _json(content: dict[str, Any], *, status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(content, indent=2) + "\n", status=status, headers=headers, mimetype="application/json")


def _rules() -> list[Rule]:
    return [
        Rule(f"/_sandbox/{path}", methods=[method], endpoint=control)
        for module in MODULES
        for method, path, control in module.ROUTES
    ]


_ROUTES = Map(_rules(), strict_slashes=True, merge_slashes=False)

"""The pages for people: hosted checkout and the control page. What they do is done by flows and controls."""

from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.pages import checkout, control, invoices, objects, portal, rendering

if TYPE_CHECKING:
    from sandbox.app import Sandbox

ROUTES = Map(
    [
        Rule("/", methods=["GET"], endpoint=control.show),
        Rule("/control/<action>", methods=["POST"], endpoint=control.act),
        Rule("/objects/<kind>", methods=["GET"], endpoint=objects.show_all),
        Rule("/objects/<kind>/<object_id>", methods=["GET"], endpoint=objects.show),
        Rule("/static/sandbox.css", methods=["GET"], endpoint=rendering.stylesheet),
        Rule("/checkout/<session_id>", methods=["GET"], endpoint=checkout.show),
        Rule("/checkout/<session_id>", methods=["POST"], endpoint=checkout.pay),
        Rule("/invoice/<invoice_id>", methods=["GET"], endpoint=invoices.show_invoice),
        Rule("/invoice/<invoice_id>", methods=["POST"], endpoint=invoices.pay),
        Rule("/portal/<session_id>", methods=["GET"], endpoint=portal.show),
        Rule("/portal/<session_id>/card", methods=["GET"], endpoint=portal.show_card),
        Rule("/portal/<session_id>/card", methods=["POST"], endpoint=portal.change_card),
        Rule("/portal/<session_id>/cancel/<subscription_id>", methods=["GET"], endpoint=portal.show_cancel),
        Rule("/portal/<session_id>/cancel/<subscription_id>", methods=["POST"], endpoint=portal.cancel),
        Rule("/portal/<session_id>/resume/<subscription_id>", methods=["POST"], endpoint=portal.resume),
        Rule("/receipt/<charge_id>", methods=["GET"], endpoint=invoices.show_receipt),
    ],
    strict_slashes=True,
    merge_slashes=False,
)


def respond(sandbox: "Sandbox", request: Request) -> Response:
    """Answer a request for a page; one that there is not gets a page that says so."""
    try:
        view, path = ROUTES.bind("sandbox").match(request.path, request.method)
    except MethodNotAllowed as refused:
        answer = rendering.notice("That does not work here", "This page cannot be asked that way.", status=405)
        answer.headers["Allow"] = ", ".join(refused.valid_methods or ())
        return answer
    except HTTPException:
        return rendering.not_found()
    response: Response = view(sandbox, request, **path)
    return response

"""The addresses of the pages, and which function answers each."""

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.checkout import page as checkout_page
from sandbox.pages.control import objects
from sandbox.pages.control import page as control_page
from sandbox.pages.invoices import page as invoices_page
from sandbox.pages.payments import page as payments_page
from sandbox.pages.portal import cards_page as portal_cards_page
from sandbox.pages.portal import customer_page as portal_customer_page
from sandbox.pages.portal import page as portal_page
from sandbox.pages.portal import pause_page as portal_pause_page
from sandbox.pages.portal import plans_page as portal_plans_page

ROUTES = Map(
    [
        Rule("/", methods=["GET"], endpoint=control_page.show),
        Rule("/control/<action>", methods=["POST"], endpoint=control_page.act),
        Rule("/objects/<kind>", methods=["GET"], endpoint=objects.show_all),
        Rule("/objects/<kind>/<object_id>", methods=["GET"], endpoint=objects.show),
        Rule("/static/sandbox.css", methods=["GET"], endpoint=rendering.stylesheet),
        Rule("/checkout/<session_id>", methods=["GET"], endpoint=checkout_page.show),
        Rule("/checkout/<session_id>", methods=["POST"], endpoint=checkout_page.pay),
        Rule("/buy/<link_id>", methods=["GET"], endpoint=checkout_page.open_link),
        Rule("/recover/<session_id>", methods=["GET"], endpoint=checkout_page.recover),
        Rule("/invoice/<invoice_id>", methods=["GET"], endpoint=invoices_page.show_invoice),
        Rule("/invoice/<invoice_id>", methods=["POST"], endpoint=invoices_page.pay),
        Rule("/portal/<session_id>", methods=["GET"], endpoint=portal_page.show),
        Rule("/portal/<session_id>/card", methods=["GET"], endpoint=portal_cards_page.show_card),
        Rule("/portal/<session_id>/card", methods=["POST"], endpoint=portal_cards_page.change_card),
        Rule(
            "/portal/<session_id>/cards/<method_id>/default", methods=["POST"], endpoint=portal_cards_page.make_default
        ),
        Rule("/portal/<session_id>/cards/<method_id>/remove", methods=["POST"], endpoint=portal_cards_page.remove),
        Rule("/portal/<session_id>/customer", methods=["GET"], endpoint=portal_customer_page.show),
        Rule("/portal/<session_id>/customer", methods=["POST"], endpoint=portal_customer_page.save),
        Rule("/portal/<session_id>/plan/<subscription_id>", methods=["GET"], endpoint=portal_plans_page.show),
        Rule(
            "/portal/<session_id>/confirm/<subscription_id>",
            methods=["GET"],
            endpoint=portal_plans_page.show_confirmation,
        ),
        Rule("/portal/<session_id>/confirm/<subscription_id>", methods=["POST"], endpoint=portal_plans_page.confirm),
        Rule("/portal/<session_id>/pause/<subscription_id>", methods=["GET"], endpoint=portal_pause_page.show),
        Rule("/portal/<session_id>/pause/<subscription_id>", methods=["POST"], endpoint=portal_pause_page.pause),
        Rule("/portal/<session_id>/keep/<subscription_id>", methods=["POST"], endpoint=portal_page.keep),
        Rule("/portal/<session_id>/cancel/<subscription_id>", methods=["GET"], endpoint=portal_page.show_cancel),
        Rule("/portal/<session_id>/cancel/<subscription_id>", methods=["POST"], endpoint=portal_page.cancel),
        Rule("/portal/<session_id>/resume/<subscription_id>", methods=["POST"], endpoint=portal_page.resume),
        Rule("/3d_secure/<intent_id>", methods=["GET"], endpoint=payments_page.show),
        Rule("/3d_secure/<intent_id>", methods=["POST"], endpoint=payments_page.end),
        Rule("/voucher/<intent_id>", methods=["GET"], endpoint=payments_page.show),
        Rule("/voucher/<intent_id>", methods=["POST"], endpoint=payments_page.end),
        Rule("/receipt/<charge_id>", methods=["GET"], endpoint=invoices_page.show_receipt),
    ],
    strict_slashes=True,
    merge_slashes=False,
)


def respond(sandbox: LocalStripe, request: Request) -> Response:
    """Answer a request for a page; an unknown address gets a page with status 404."""
    try:
        view, path = ROUTES.bind("sandbox").match(request.path, request.method)
    except MethodNotAllowed as refused:
        answer = rendering.notice("Method not allowed", "This page does not accept this kind of request.", status=405)
        answer.headers["Allow"] = ", ".join(refused.valid_methods or ())
        return answer
    except HTTPException:
        return rendering.not_found()
    response: Response = view(sandbox, request, **path)
    return response

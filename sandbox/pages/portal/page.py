"""Handle requests for the billing portal: the account page, the card form, the cancel page."""

from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Request, Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe
from sandbox.pages import card_form, rendering
from sandbox.pages.card_form import Refusal
from sandbox.pages.portal import account_text
from sandbox.pages.rendering import Link, web_address
from sandbox.portal import rules as portal
from sandbox.portal.rules import Visit

CONFIRMATIONS = {
    "card": "Your card is changed.",
    "cancel": "Your subscription is cancelled.",
    "resume": "Your subscription continues.",
}
ZERO_AMOUNT = "$0.00"


def show(sandbox: LocalStripe, request: Request, session_id: str) -> Response:
    """Show the account page; a session with a flow goes to the flow's page first."""
    account = sandbox.account
    done = request.args.get("done", "")
    with sandbox.transaction():
        visit = _visit(account, session_id)
        if visit is None:
            return _not_found()
        if visit.session["flow"] and done not in CONFIRMATIONS:
            return rendering.see_other(_flow_path(visit))
        return _account(account, visit, confirmation=CONFIRMATIONS.get(done, ""))


def show_card(sandbox: LocalStripe, _request: Request, session_id: str) -> Response:
    """Show the card form."""
    with sandbox.transaction():
        visit = _visit(sandbox.account, session_id)
        if visit is None or not visit.features["payment_method_update"]["enabled"]:
            return _not_found()
        return _card(sandbox.account, visit, typed={})


def change_card(sandbox: LocalStripe, request: Request, session_id: str) -> Response:
    """Handle the card form: fill in a test card, show 3-D Secure, save the card, or show the error."""
    account = sandbox.account
    typed = card_form.typed(request)
    with sandbox.transaction():
        visit = _visit(account, session_id)
        if visit is None or not visit.features["payment_method_update"]["enabled"]:
            return _not_found()
        if filled := card_form.filled_test_card(request, now=account.now):
            return _card(account, visit, typed=typed | filled)
        try:
            card = card_form.card(typed, authenticate=request.form.get("authentication"))
            portal.change_card(account, visit, card, name=typed["name"] or None)
        except ApiError as error:
            if error.code == "authentication_required":
                return _authentication_page(typed)
            return _card(account, visit, typed=typed, refusal=Refusal.of(error))
        return _after_change(visit, "card")


def show_cancel(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Show the cancel page, which asks for confirmation and a reason."""
    account = sandbox.account
    with sandbox.transaction():
        visit = _visit(account, session_id)
        if visit is None or not visit.features["subscription_cancel"]["enabled"]:
            return _not_found()
        try:
            subscription = portal.subscription(account, visit, subscription_id)
        except ApiError:
            return _not_found()
        return rendering.page(
            "portal_cancel.html",
            plan=account_text.plan(account, subscription),
            reasons=account_text.reasons(visit),
            at_once=visit.cancels_at_once,
            back=_back_link(visit),
        )


def cancel(sandbox: LocalStripe, request: Request, session_id: str, subscription_id: str) -> Response:
    """Cancel the subscription, at the period's end or immediately as the configuration says."""
    feedback = request.form.get("feedback")
    feedback = feedback if feedback in account_text.REASON_LABELS else None
    account = sandbox.account
    with sandbox.transaction():
        visit = _visit(account, session_id)
        if visit is None:
            return _not_found()
        try:
            with account.attempt():
                portal.cancel(account, visit, subscription_id, feedback=feedback)
        except ApiError as error:
            return _refused(account, visit, error)
        return _after_change(visit, "cancel")


def resume(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Remove the scheduled end of the subscription."""
    account = sandbox.account
    with sandbox.transaction():
        visit = _visit(account, session_id)
        if visit is None:
            return _not_found()
        try:
            with account.attempt():
                portal.resume(account, visit, subscription_id)
        except ApiError as error:
            return _refused(account, visit, error)
        return rendering.see_other(f"{_home_path(visit)}?done=resume")


def _visit(account: Account, session_id: str) -> Visit | None:
    try:
        return portal.visit(account, session_id)
    except ApiError:
        return None


def _not_found() -> Response:
    return rendering.not_found("This page does not exist. Go back to the shop and open the billing portal again.")


def _account(
    account: Account, visit: Visit, *, confirmation: str = "", refusal: str = "", status: int = 200
) -> Response:
    return rendering.page(
        "portal.html",
        status=status,
        home=_home_path(visit),
        confirmation=confirmation,
        refusal=refusal,
        account=account_text.describe(account, visit),
    )


def _refused(account: Account, visit: Visit, error: ApiError) -> Response:
    if error.status == HTTPStatus.NOT_FOUND:
        return _not_found()
    return _account(account, visit, refusal=error.message, status=error.status)


def _card(account: Account, visit: Visit, *, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    return rendering.page(
        "portal_card.html",
        status=402 if refusal else 200,
        card=account_text.card(account, visit),
        back=_back_link(visit),
        typed=typed,
        refusal=refusal,
        test_cards=card_form.TEST_CARDS,
    )


def _authentication_page(typed: Mapping[str, str]) -> Response:
    return rendering.page("authentication.html", heading="Your new card", amount=ZERO_AMOUNT, typed=typed)


def _home_path(visit: Visit) -> str:
    return f"/portal/{visit.session['id']}"


def _flow_path(visit: Visit) -> str:
    flow = visit.session["flow"]
    if flow["type"] == "payment_method_update":
        return f"{_home_path(visit)}/card"
    return f"{_home_path(visit)}/cancel/{flow['subscription_cancel']['subscription']}"


def _back_link(visit: Visit) -> Link | None:
    """Return the link for going back unchanged: to the account page, or to the shop from a flow."""
    return account_text.back(visit) if visit.session["flow"] else Link(_home_path(visit), "Back")


def _after_change(visit: Visit, change: str) -> Response:
    """Redirect to the account page or the shop, or show a confirmation, as `after_completion` says."""
    after = (visit.session["flow"] or {}).get("after_completion", {"type": "portal_homepage"})
    if after["type"] == "redirect":
        return rendering.see_other(after["redirect"]["return_url"])
    if after["type"] == "hosted_confirmation":
        message = after["hosted_confirmation"]["custom_message"] or "Thank you. You can close this page."
        back = web_address(visit.session["return_url"])
        return rendering.notice(
            CONFIRMATIONS[change].removesuffix("."), message, link=Link(back, "Continue") if back else None
        )
    return rendering.see_other(f"{_home_path(visit)}?done={change}")

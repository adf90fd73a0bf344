"""What the pages of the billing portal share: the visit, the account page, links, and what follows a change."""

from collections.abc import Callable
from http import HTTPStatus

from werkzeug.wrappers import Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.portal import account_text
from sandbox.pages.rendering import Link, web_address
from sandbox.portal import visits
from sandbox.portal.visits import Visit

CONFIRMATIONS = {
    "card": "Your card is changed.",
    "removed": "Your card is removed.",
    "cancel": "Your subscription is cancelled.",
    "resume": "Your subscription continues.",
    "kept": "Your subscription continues with the discount.",
    "plan": "Your plan is changed.",
    "scheduled": "Your plan changes at the end of the period.",
    "customer": "Your details are saved.",
    "paused": "Your subscription is paused.",
}


def find_visit(account: Account, session_id: str) -> Visit | None:
    try:
        return visits.find(account, session_id)
    except ApiError:
        return None


def not_found() -> Response:
    return rendering.not_found("This page does not exist. Go back to the shop and open the billing portal again.")


def account_page(
    account: Account, visit: Visit, *, confirmation: str = "", refusal: str = "", status: int = 200
) -> Response:
    """Return the account page, with a message about the last action if there is one."""
    return rendering.page(
        "portal.html",
        status=status,
        home=home_path(visit),
        confirmation=confirmation,
        refusal=refusal,
        account=account_text.describe(account, visit),
    )


def refused(account: Account, visit: Visit, error: ApiError) -> Response:
    """Return the account page with the error, or a page that says that there is no such object."""
    if error.status == HTTPStatus.NOT_FOUND:
        return not_found()
    return account_page(account, visit, refusal=error.message, status=error.status)


def change(
    sandbox: LocalStripe,
    session_id: str,
    action: Callable[[Account, Visit], object],
    *,
    done: str,
    ends_flow: bool = True,
) -> Response:
    """Do the action that the visitor asks for, or show why it is refused.

    `done` is its key in CONFIRMATIONS. With `ends_flow`, the session decides which page follows.
    """
    account = sandbox.account
    with sandbox.transaction():
        visit = find_visit(account, session_id)
        if visit is None:
            return not_found()
        try:
            with account.attempt():
                action(account, visit)
        except ApiError as error:
            return refused(account, visit, error)
        return after_change(visit, done) if ends_flow else rendering.see_other(f"{home_path(visit)}?done={done}")


def home_path(visit: Visit) -> str:
    return f"/portal/{visit.session['id']}"


def back_link(visit: Visit) -> Link | None:
    """Return the link for going back unchanged: to the account page, or to the shop from a flow."""
    return account_text.back(visit) if visit.session["flow"] else Link(home_path(visit), "Back")


def after_change(visit: Visit, change: str) -> Response:
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
    return rendering.see_other(f"{home_path(visit)}?done={change}")

"""Handle requests for the billing portal: the account page, the cancel page, undoing a cancellation."""

from werkzeug.wrappers import Request, Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.portal import account_text, common
from sandbox.pages.portal.common import CONFIRMATIONS
from sandbox.portal import visits
from sandbox.portal.actions import canceling
from sandbox.portal.visits import Visit

MAX_COMMENT = 500
# The path of each flow's page under the session's; flows about a subscription add its id.
FLOW_PATHS = {
    "customer_update": "customer",
    "payment_method_update": "card",
    "subscription_cancel": "cancel",
    "subscription_pause": "pause",
    "subscription_update": "plan",
    "subscription_update_confirm": "confirm",
}


def show(sandbox: LocalStripe, request: Request, session_id: str) -> Response:
    """Show the account page; a session with a flow goes to the flow's page first."""
    account = sandbox.account
    done = request.args.get("done", "")
    with sandbox.transaction():
        visit = common.find_visit(account, session_id)
        if visit is None:
            return common.not_found()
        if visit.session["flow"] and done not in CONFIRMATIONS:
            return rendering.see_other(_flow_path(visit))
        return common.account_page(account, visit, confirmation=CONFIRMATIONS.get(done, ""))


def show_cancel(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Show the cancel page, which asks for confirmation and a reason, and may offer a discount for staying."""
    account = sandbox.account
    with sandbox.transaction():
        visit = common.find_visit(account, session_id)
        if visit is None or not visit.features["subscription_cancel"]["enabled"]:
            return common.not_found()
        try:
            subscription = visits.subscription(account, visit, subscription_id)
        except ApiError:
            return common.not_found()
        coupon = canceling.offer(account, visit, subscription_id)
        return rendering.page(
            "portal_cancel.html",
            plan=account_text.plan(account, visit, subscription),
            reasons=account_text.reasons(visit),
            offer=account_text.offer(coupon) if coupon else "",
            keep=f"{common.home_path(visit)}/keep/{subscription_id}",
            at_once=visit.cancels_at_once,
            back=common.back_link(visit),
        )


def cancel(sandbox: LocalStripe, request: Request, session_id: str, subscription_id: str) -> Response:
    """Cancel the subscription, at the period's end or immediately as the configuration says."""
    feedback = request.form.get("feedback")
    feedback = feedback if feedback in account_text.REASON_LABELS else None
    comment = request.form.get("comment", "").strip()[:MAX_COMMENT] or None

    def act(account: Account, visit: Visit) -> None:
        canceling.cancel(account, visit, subscription_id, feedback=feedback, comment=comment)

    return common.change(sandbox, session_id, act, done="cancel")


def keep(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Keep the subscription with the discount that the session offers."""

    def act(account: Account, visit: Visit) -> None:
        canceling.accept_offer(account, visit, subscription_id)

    return common.change(sandbox, session_id, act, done="kept")


def resume(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Remove the scheduled end of the subscription."""

    def act(account: Account, visit: Visit) -> None:
        canceling.resume(account, visit, subscription_id)

    return common.change(sandbox, session_id, act, done="resume", ends_flow=False)


def _flow_path(visit: Visit) -> str:
    flow = visit.session["flow"]
    path = f"{common.home_path(visit)}/{FLOW_PATHS[flow['type']]}"
    details = flow[flow["type"]] if flow["type"].startswith("subscription_") else None
    return f"{path}/{details['subscription']}" if details else path

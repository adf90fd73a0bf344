"""Handle requests to pause a subscription: choose for how long, confirm."""

from werkzeug.wrappers import Request, Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.portal import account_text, common
from sandbox.portal import visits
from sandbox.portal.actions import pausing
from sandbox.portal.visits import Visit


def show(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Show the durations to choose from."""
    account = sandbox.account
    with sandbox.transaction():
        visit = common.find_visit(account, session_id)
        if visit is None:
            return common.not_found()
        try:
            subscription = visits.subscription(account, visit, subscription_id)
        except ApiError:
            return common.not_found()
        if not pausing.can_pause(visit, subscription):
            return common.not_found()
        return rendering.page(
            "portal_pause.html",
            plan=account_text.plan(account, visit, subscription),
            durations=[_duration_text(each) for each in pausing.durations(visit)],
            back=common.back_link(visit),
        )


def pause(sandbox: LocalStripe, request: Request, session_id: str, subscription_id: str) -> Response:
    """Pause the subscription."""
    option = request.form.get("duration", "0")
    if not (option.isascii() and option.isdigit()):
        return common.not_found()

    def act(account: Account, visit: Visit) -> None:
        pausing.pause(account, visit, subscription_id, option=int(option[:3]))

    return common.change(sandbox, session_id, act, done="paused")


def _duration_text(duration: Object) -> str:
    count, interval = duration["interval_count"], duration["interval"]
    return f"{count} {interval}{'s' if count > 1 else ''}"

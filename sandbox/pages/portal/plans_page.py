"""Handle requests to change a plan: choose a price and a quantity, see what is charged, confirm."""

from collections.abc import Mapping

from werkzeug.wrappers import Request, Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.portal import common, plan_text
from sandbox.portal import flows, visits
from sandbox.portal.actions import plan_changes
from sandbox.portal.actions.plan_changes import Choice
from sandbox.portal.visits import Visit


def show(sandbox: LocalStripe, _request: Request, session_id: str, subscription_id: str) -> Response:
    """Show the plans to choose from."""
    account = sandbox.account
    with sandbox.transaction():
        found = _find(account, session_id, subscription_id)
        if found is None:
            return common.not_found()
        return _plans(account, *found)


def show_confirmation(sandbox: LocalStripe, request: Request, session_id: str, subscription_id: str) -> Response:
    """Show what the chosen change costs and when it takes effect; a choice that is not possible shows the plans."""
    account = sandbox.account
    with sandbox.transaction():
        found = _find(account, session_id, subscription_id)
        if found is None:
            return common.not_found()
        visit, subscription = found
        try:
            choice = _choice(account, visit, subscription, request.args)
            change = plan_changes.preview(account, visit, subscription, choice)
        except ApiError as error:
            return _plans(account, visit, subscription, refusal=error)
        return rendering.page(
            "portal_confirm.html",
            change=plan_text.change(account, subscription, change),
            price=choice.price["id"],
            quantity=choice.quantity,
            back=common.back_link(visit),
        )


def confirm(sandbox: LocalStripe, request: Request, session_id: str, subscription_id: str) -> Response:
    """Change the plan as confirmed, or show why it can't be changed."""
    account = sandbox.account
    with sandbox.transaction():
        found = _find(account, session_id, subscription_id)
        if found is None:
            return common.not_found()
        visit, subscription = found
        try:
            choice = _choice(account, visit, subscription, request.form)
            with account.attempt():
                changed = plan_changes.confirm(account, visit, subscription, choice)
        except ApiError as error:
            return common.refused(account, visit, error)
        return common.after_change(visit, "scheduled" if changed["schedule"] else "plan")


def _find(account: Account, session_id: str, subscription_id: str) -> tuple[Visit, Object] | None:
    visit = common.find_visit(account, session_id)
    if visit is None or not visit.features["subscription_update"]["enabled"]:
        return None
    try:
        return visit, visits.subscription(account, visit, subscription_id)
    except ApiError:
        return None


def _choice(account: Account, visit: Visit, subscription: Object, typed: Mapping[str, str]) -> Choice:
    """Return the choice from the form, or the one that the session's flow asks to confirm."""
    flow = visit.session["flow"]
    if flow and flow["type"] == "subscription_update_confirm":
        return flows.choice(account, visit)
    quantity = typed.get("quantity", "")
    if quantity and not (quantity.isascii() and quantity.isdigit()):
        raise ApiError.invalid("The quantity must be a whole number.", param="quantity")
    return plan_changes.choose(
        account,
        visit,
        subscription,
        price_id=typed.get("price") or None,
        quantity=int(quantity) if quantity else None,
    )


def _plans(account: Account, visit: Visit, subscription: Object, *, refusal: ApiError | None = None) -> Response:
    return rendering.page(
        "portal_plans.html",
        status=400 if refusal else 200,
        name=plan_text.name(account, subscription),
        plans=plan_text.plans(account, visit, subscription),
        quantity=plan_text.quantity(visit, subscription),
        confirm=f"{common.home_path(visit)}/confirm/{subscription['id']}",
        refusal=refusal.message if refusal else "",
        back=common.back_link(visit),
    )

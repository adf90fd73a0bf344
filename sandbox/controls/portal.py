"""The control of billing portal sessions: do what a customer does on the portal's page."""

from typing import Any

from sandbox.controls.body import Body
from sandbox.controls.checkout import shown, typed_card
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe
from sandbox.portal import rules as portal
from sandbox.portal.shapes import CANCELLATION_REASONS

ACTIONS = ("cancel", "resume", "card")


def act(sandbox: LocalStripe, body: Body, session_id: str, named: str = "") -> dict[str, Any]:
    """Cancel or resume a subscription, or change the card; return the subscription or the payment method.

    `named`, the end of the path, can be the action or the subscription's id, in place of the body. `subscription` can
    be left out if the customer has only one. `card` is a number, with `exp_month`, `exp_year`, `cvc`, `name` and
    `authenticate` as at checkout; `feedback` is a reason for canceling.
    """
    action = body.choice("action", ACTIONS) or (named if named in ACTIONS else None)
    subscription_id = body.text("subscription") or (named if named and named not in ACTIONS else None)
    feedback = body.choice("feedback", CANCELLATION_REASONS)
    typed, name = typed_card(body), body.text("name")
    body.finish()
    if action is None:
        raise ApiError.missing_parameter("action")
    account = sandbox.account
    with sandbox.transaction():
        visit = portal.visit(account, session_id)
        if action == "card":
            return shown(sandbox, portal.change_card(account, visit, typed, name=name))
        if action == "resume":
            return shown(sandbox, portal.resume(account, visit, subscription_id))
        return shown(sandbox, portal.cancel(account, visit, subscription_id, feedback=feedback))


ROUTES = [("POST", "portal/<session_id>", act), ("POST", "portal/<session_id>/<named>", act)]

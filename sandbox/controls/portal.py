"""The control of billing portal sessions: do what a customer does on the portal's pages."""

from collections.abc import Callable
from typing import Any

from sandbox.controls.body import Body
from sandbox.controls.checkout import shown, typed_card
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.local_stripe import LocalStripe
from sandbox.portal import visits
from sandbox.portal.actions import canceling, cards, contact_details, pausing, plan_changes
from sandbox.portal.shapes import CANCELLATION_REASONS
from sandbox.portal.visits import Visit

MOST = 999_999
DETAILS = ("email", "name", "phone")

# Does one action and returns the object that it changed.
Action = Callable[[Account, Visit], Object]


def act(sandbox: LocalStripe, body: Body, session_id: str, named: str = "") -> dict[str, Any]:
    """Do one action of the portal, and return the subscription, the payment method or the customer.

    `named`, the end of the path, can be the action or the subscription's id, in place of the body. `subscription` can
    be left out if the customer has only one.
    """
    action = body.choice("action", tuple(ACTIONS)) or (named if named in ACTIONS else None)
    if action is None:
        raise ApiError.missing_parameter("action")
    subscription_id = body.text("subscription") or (named if named and named not in ACTIONS else None)
    run = ACTIONS[action](body, subscription_id)
    body.finish()
    with sandbox.transaction():
        return shown(sandbox, run(sandbox.account, visits.find(sandbox.account, session_id)))


def _cancel(body: Body, subscription_id: str | None) -> Action:
    feedback, comment = body.choice("feedback", CANCELLATION_REASONS), body.text("comment")
    return lambda account, visit: canceling.cancel(account, visit, subscription_id, feedback=feedback, comment=comment)


def _accept_offer(_body: Body, subscription_id: str | None) -> Action:
    return lambda account, visit: canceling.accept_offer(account, visit, subscription_id)


def _pause(body: Body, subscription_id: str | None) -> Action:
    option = body.integer("duration", least=0, most=MOST) or 0
    return lambda account, visit: pausing.pause(account, visit, subscription_id, option=option)


def _resume(_body: Body, subscription_id: str | None) -> Action:
    return lambda account, visit: canceling.resume(account, visit, subscription_id)


def _update(body: Body, subscription_id: str | None) -> Action:
    price, quantity = body.text("price"), body.integer("quantity", least=0, most=MOST)

    def run(account: Account, visit: Visit) -> Object:
        subscription = visits.subscription(account, visit, subscription_id)
        choice = plan_changes.choose(account, visit, subscription, price_id=price, quantity=quantity)
        return plan_changes.confirm(account, visit, subscription, choice)

    return run


def _card(body: Body, _subscription_id: str | None) -> Action:
    typed, name = typed_card(body), body.text("name")
    return lambda account, visit: cards.add(account, visit, typed, name=name)


def _default(body: Body, _subscription_id: str | None) -> Action:
    method = _payment_method(body)
    return lambda account, visit: cards.make_default(account, visit, method)


def _remove(body: Body, _subscription_id: str | None) -> Action:
    method = _payment_method(body)
    return lambda account, visit: cards.remove(account, visit, method)


def _customer(body: Body, _subscription_id: str | None) -> Action:
    given: dict[str, Any] = {name: text for name in DETAILS if (text := body.text(name)) is not None}
    for name in ("address", "shipping"):
        if name in body:
            given[name] = body.texts(name)
    if "shipping" in given:
        recipient = given["shipping"].pop("name", "")
        given["shipping"] = {"address": given["shipping"], "name": recipient}
    return lambda account, visit: contact_details.change(account, visit, given)


def _payment_method(body: Body) -> str:
    method = body.text("payment_method")
    if method is None:
        raise ApiError.missing_parameter("payment_method")
    return method


# Reads an action's members from the body; the second argument is the subscription's id, if one is named.
ACTIONS: dict[str, Callable[[Body, str | None], Action]] = {
    "accept_offer": _accept_offer,
    "cancel": _cancel,
    "card": _card,
    "customer": _customer,
    "default_card": _default,
    "pause": _pause,
    "remove_card": _remove,
    "resume": _resume,
    "update": _update,
}
ROUTES = [("POST", "portal/<session_id>", act), ("POST", "portal/<session_id>/<named>", act)]

"""Rules for setup intents: saving a payment method, with 3-D Secure if its bank requires it."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.payments import cards, method_types, outcomes, rules
from sandbox.payments import shapes as payment_shapes
from sandbox.payments.cards import Decline
from sandbox.payments.setup_intents import shapes


def create_for(account: Account, *, customer: str, payment_method: str | None = None) -> Object:
    """Create the setup intent of a subscription that has nothing to pay yet; confirm it if there is a method.

    It waits for a payment method, or for the customer if the bank requires 3-D Secure (`requires_action`), or has
    succeeded: then the subscription needs no `pending_setup_intent`.
    """
    intent = shapes.setup_intent(customer=customer, created=account.now, types=method_types.for_setup())
    account.add(intent, event="setup_intent.created")
    if payment_method:
        confirm(account, intent, account.find("payment_method", payment_method))
    return intent


def confirm(account: Account, intent: Object, method: Object, *, return_url: str | None = None) -> Decline | None:
    """Save the payment method, or wait for 3-D Secure; return the decline, if any."""
    account.change(intent, {"payment_method": method["id"]})
    if method["type"] != method_types.CARD:
        succeed(account, intent, method)
        return None
    card = rules.card_of(method)
    if refusal := card.refusal_when_saved():
        return fail(account, intent, method, refusal)
    if card.asks_authentication(on_session=True):
        action = payment_shapes.authentication(
            intent, account_id=account.id, base_url=account.base_url, return_url=return_url
        )
        account.change(intent, {"last_setup_error": None, "next_action": action, "status": "requires_action"})
        account.emit("setup_intent.requires_action", intent)
        return None
    succeed(account, intent, method)
    return None


def authenticate(account: Account, intent: Object, *, succeeds: bool) -> Decline | None:
    """End 3-D Secure; return the decline, if any."""
    method = account.find("payment_method", intent["payment_method"])
    if succeeds:
        succeed(account, intent, method)
        return None
    return fail(account, intent, method, cards.SETUP_AUTHENTICATION_FAILED)


def succeed(account: Account, intent: Object, method: Object) -> None:
    """Complete the intent, and attach the payment method to its customer."""
    if intent["customer"] and method["customer"] is None:
        rules.attach(account, method, intent["customer"])
    account.change(intent, {"last_setup_error": None, "next_action": None, "status": "succeeded"})
    account.emit("setup_intent.succeeded", intent)
    outcomes.tell(account, intent, None)


def fail(account: Account, intent: Object, method: Object, decline: Decline) -> Decline:
    """Let the intent wait for another payment method."""
    changes = {
        "last_setup_error": rules.payment_error(decline, method),
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    account.change(intent, changes)
    account.emit("setup_intent.setup_failed", intent)
    outcomes.tell(account, intent, decline)
    return decline


def cancel(account: Account, intent: Object, *, reason: str | None) -> None:
    """Cancel a setup intent that has not succeeded."""
    account.change(intent, {"cancellation_reason": reason, "next_action": None, "status": "canceled"})
    account.emit("setup_intent.canceled", intent)

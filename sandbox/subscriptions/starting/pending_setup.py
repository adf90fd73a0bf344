"""`pending_setup_intent`: a subscription that begins without a payment asks for a payment method by a setup intent.

There is one if the subscription has no payment method, or one whose bank first asks for 3-D Secure.
"""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.invoices.subscription_state import UPDATED
from sandbox.payments import rules as payments
from sandbox.payments.cards import Decline
from sandbox.payments.setup_intents import rules as setup_intents


def create(account: Account, subscription: Object, method: Object | None) -> Object:
    """Return the changed members of a new subscription whose first invoice is nothing to pay."""
    if subscription["collection_method"] != "charge_automatically":
        return {}
    if method and not payments.card_of(method).asks_authentication(on_session=True):
        return {}
    used = method["id"] if method else None
    intent = setup_intents.create_for(account, customer=subscription["customer"], payment_method=used)
    return {"pending_setup_intent": intent["id"]}


def follow(account: Account, intent: Object, decline: Decline | None) -> None:
    """Take a succeeded setup intent off its subscription, and use its payment method if the settings say so."""
    if intent["object"] != "setup_intent" or decline is not None:
        return
    waiting = account.store.scan("subscription", index=("pending_setup_intent", intent["id"]))
    for subscription in list(waiting):
        changes = {"pending_setup_intent": None}
        if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
            changes["default_payment_method"] = intent["payment_method"]
        subscription_state.save(account, subscription, changes, event=UPDATED)

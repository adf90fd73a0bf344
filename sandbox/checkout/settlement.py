"""Sessions whose delayed payment ends by itself, as the clock moves."""

from sandbox.checkout import purchases, rules
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.payments.cards import Decline


def follow(account: Account, intent: Object, decline: Decline | None) -> None:
    """Record on the session that waits for this payment whether it succeeded or failed."""
    session = _waiting(account, intent)
    if session is None or intent["status"] == "processing":
        return
    changes = {} if decline else purchases.paid_later(account, session, intent)
    account.change(session, changes)
    account.emit(rules.SETTLEMENT_EVENTS[decline is None], session)


def _waiting(account: Account, intent: Object) -> Object | None:
    found = next(account.store.scan("checkout.session", index=("payment_intent", intent["id"])), None)
    payment = next(account.store.scan("invoice_payment", index=("payment_intent", intent["id"])), None)
    if found is None and payment:
        parent = account.find("invoice", payment["invoice"])["parent"]
        paid = parent["subscription_details"]["subscription"] if parent else ""
        found = next(account.store.scan("checkout.session", index=("subscription", paid)), None)
        found = found if found and found["invoice"] == payment["invoice"] else None
    waits = found and found["status"] == "complete" and found["payment_status"] == "unpaid"
    return found if waits else None

"""What happens to payments as time passes: slow ones end, holds expire, captures reach the balance, disputes open."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import cards, method_types, rules
from sandbox.payments.balance import rules as balance
from sandbox.payments.disputes import rules as disputes
from sandbox.payments.intents import confirming, request
from sandbox.payments.setup_intents import rules as setup_intents
from sandbox.payments.slow.timing import outcome_of


def advance_intent(account: Account, intent: Object) -> None:
    """End a debit or a voucher whose time has come, or release an authorized amount that was not captured."""
    account.store.clear_due("payment_intent", intent["id"])
    if intent["status"] == "requires_capture":
        rules.cancel_intent(account, intent, reason="automatic")
        return
    method = account.find("payment_method", intent["payment_method"])
    settle(account, intent, succeeds=outcome_of(method).decline is None)


def waiting(account: Account, intent_id: str) -> Object | None:
    """Return the payment or setup intent that waits for the customer or a bank; None if there is none."""
    intent = account.get("setup_intent", intent_id) or account.get("payment_intent", intent_id)
    return intent if intent and intent["status"] in {"processing", "requires_action"} else None


def end(account: Account, intent_id: str, *, succeeds: bool) -> Object:
    """Let a debit, a voucher or 3-D Secure succeed or fail, and return its intent.

    Raises ApiError: 404 for an unknown intent, 400 for one that does not wait.
    """
    intent = waiting(account, intent_id)
    if intent is None:
        known = account.get("setup_intent", intent_id) or account.find("payment_intent", intent_id)
        raise ApiError.invalid(f"{intent_id} has the status {known['status']}: it waits for nobody.")
    if intent["object"] == "setup_intent":
        setup_intents.authenticate(account, intent, succeeds=succeeds)
    elif account.find("payment_method", intent["payment_method"])["type"] == method_types.CARD:
        confirming.authenticate(account, intent, succeeds=succeeds)
    else:
        settle(account, intent, succeeds=succeeds)
    return intent


def settle(account: Account, intent: Object, *, succeeds: bool) -> None:
    """Let a debit or voucher succeed or fail, and tell the invoice or session that waits for it."""
    method = account.find("payment_method", intent["payment_method"])
    default = cards.BANK_REFUSED if intent["status"] == "processing" else cards.EXPIRED_VOUCHER
    decline = rules.settle(account, intent, succeeds=succeeds, decline=outcome_of(method).decline or default)
    if decline is None:
        request.save_method(account, intent, method)
    confirming.finish(account, intent, decline)


def advance_charge(account: Account, charge: Object) -> None:
    """Record the movement of an asynchronous capture, and dispute a charge of a test card or account for disputes."""
    account.store.clear_due("charge", charge["id"])
    if charge["captured"] and charge["balance_transaction"] is None:
        transaction = balance.collected(account, charge)
        account.change(charge, {"balance_transaction": transaction["id"]}, event="charge.updated")
    if disputed := charge.get("_disputed"):
        account.change(charge, {"_disputed": None})
        disputes.open_dispute(account, charge, **disputed)

"""What happens to payments as time passes: slow ones end, holds expire, captures reach the balance, disputes open."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.payments import cards, rules
from sandbox.payments.balance import rules as balance
from sandbox.payments.disputes import rules as disputes
from sandbox.payments.intents import confirming, request
from sandbox.payments.slow.timing import outcome_of


def advance_intent(account: Account, intent: Object) -> None:
    """End a debit or a voucher whose time has come, or release an authorized amount that was not captured."""
    account.store.clear_due("payment_intent", intent["id"])
    if intent["status"] == "requires_capture":
        rules.cancel_intent(account, intent, reason="automatic")
        return
    method = account.find("payment_method", intent["payment_method"])
    settle(account, intent, succeeds=outcome_of(method).decline is None)


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

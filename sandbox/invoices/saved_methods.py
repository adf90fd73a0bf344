"""`payment_settings[save_default_payment_method]`: keep the payment method that paid as the subscription's default."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import rules, subscription_state
from sandbox.invoices.subscription_state import UPDATED


def keep(account: Account, subscription: Object, invoice: Object) -> None:
    """Make the payment method that paid the invoice the subscription's default, if its settings say so."""
    if subscription["payment_settings"]["save_default_payment_method"] != "on_subscription":
        return
    if rules.payment_of(account, invoice) is None:
        return
    used = rules.intent_of(account, invoice)["payment_method"]
    method = account.get("payment_method", used) if used else None
    if method and method["customer"] == subscription["customer"]:
        subscription_state.save(account, subscription, {"default_payment_method": used}, event=UPDATED)

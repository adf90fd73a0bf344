"""Invoices that are paid or written off on request, in contrast to the automatic attempts in rules.py."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import pauses, rules, subscription_state
from sandbox.payments import rules as payments
from sandbox.payments.cards import Decline

PAYABLE = {"open", "uncollectible"}


def pay(account: Account, invoice: Object, method: Object | None, *, on_session: bool) -> Decline | None:
    """Try to pay the invoice now; on success its subscription is activated. Automatic retries stay scheduled."""
    decline = rules.collect(account, invoice, method, on_session=on_session, is_automatic=False)
    subscription = subscription_of(account, invoice)
    if subscription and decline is None:
        pauses.after_payment(account, subscription, invoice)
    elif subscription:
        pauses.after_decline(account, subscription, invoice)
    return decline


def pay_on_page(account: Account, invoice: Object, method: Object) -> Decline | None:
    """Pay with a card that the customer typed; it becomes their subscription's default payment method."""
    decline = pay(account, invoice, method, on_session=True)
    if decline is None:
        payments.attach(account, method, invoice["customer"])
        if subscription := subscription_of(account, invoice):
            changes = {"default_payment_method": method["id"]}
            subscription_state.save(account, subscription, changes, event=subscription_state.UPDATED)
    return decline


def mark_paid_out_of_band(account: Account, invoice: Object) -> None:
    """Mark the invoice as paid outside Stripe, and cancel its payment intent."""
    rules.cancel_payment(account, invoice, reason="void_invoice")
    rules.mark_paid(account, invoice)
    if subscription := subscription_of(account, invoice):
        pauses.after_payment(account, subscription, invoice)


def mark_uncollectible(account: Account, invoice: Object) -> None:
    """Mark the invoice as uncollectible; a subscription that it keeps paused resumes.

    Other subscriptions do not change; Stripe's documentation does not say whether they would.
    """
    changes = {
        "next_payment_attempt": None,
        "status": "uncollectible",
        "status_transitions": invoice["status_transitions"] | {"marked_uncollectible_at": account.now},
    }
    account.change(invoice, changes, event="invoice.updated")
    account.store.clear_due("invoice", invoice["id"])
    account.emit("invoice.marked_uncollectible", invoice)
    if subscription := subscription_of(account, invoice):
        pauses.after_write_off(account, subscription, invoice)


def void(account: Account, invoice: Object) -> None:
    """Void the invoice; a subscription that it would have resumed stays paused."""
    rules.void(account, invoice)
    if subscription := subscription_of(account, invoice):
        pauses.after_void(account, subscription, invoice)


def subscription_of(account: Account, invoice: Object) -> Object | None:
    """Return the invoice's subscription, None for a one-time purchase."""
    parent = invoice["parent"]
    return account.get("subscription", parent["subscription_details"]["subscription"]) if parent else None

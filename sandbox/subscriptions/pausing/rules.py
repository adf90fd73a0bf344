"""Pause a subscription: no service and no invoices, until it resumes.

https://docs.stripe.com/billing/subscriptions/pause
Decided here, because Stripe's documentation does not say: a second attempt to resume voids the unpaid resumption
invoice of the first one; time that was billed and not credited is not billed again if the billing date stays.
"""

from dataclasses import dataclass

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import pauses, prorations, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.payments.cards import Decline
from sandbox.subscriptions import renewals


@dataclass(frozen=True)
class Resumption:
    """How to resume: with a new period from now on, or in the period that `billing_cycle_anchor` gives.

    `behavior` and `since` say how to bill the rest of that period. With `needs_success` the resumption invoice is paid
    now, else its payment is up to the caller.
    """

    resets_anchor: bool
    behavior: str
    since: int
    needs_success: bool


def pause(
    account: Account, subscription: Object, *, reason: str, credited_from: str = "now", invoices_now: bool = False
) -> None:
    """Pause the subscription, and credit its time "now", from "item_current_period_start" on, or not ("none")."""
    items = subscription["items"]["data"]
    billed_until = max(item["current_period_end"] for item in items) if credited_from == "none" else None
    if credited_from != "none":
        for item in items:
            since = account.now if credited_from == "now" else item["current_period_start"]
            prorations.credit(account, subscription, item, since=since)
    if invoices_now:
        renewals.bill_now(account, subscription)
    pauses.pause(account, subscription, reason=reason, billed_until=billed_until)


def resume(account: Account, subscription: Object, wanted: Resumption) -> Decline | None:
    """Resume the subscription; if that creates an invoice with an amount, only once it is paid.

    Returns the decline if the invoice had to be paid now and was not.
    """
    _drop_earlier_attempt(account, subscription)
    anchor = account.now if wanted.resets_anchor else subscription["billing_cycle_anchor"]
    spans = pauses.periods_from(subscription, anchor=anchor, at=account.now)
    invoice = _resumption_invoice(account, subscription, wanted, spans)
    if invoice is None:
        pauses.resume(account, subscription, spans=spans, anchor=anchor)
        return None
    subscription_state.save(account, subscription, {"latest_invoice": invoice["id"]}, event=subscription_state.UPDATED)
    pauses.begin_resuming(
        account, subscription, invoice, spans=spans, anchor=anchor, needs_success=wanted.needs_success
    )
    invoices.finalize(account, invoice)
    if not invoice["amount_due"] or wanted.needs_success:
        return renewals.collect(account, subscription, invoice)
    return None


def expire_resumption(account: Account, subscription: Object) -> None:
    """Void the resumption invoice that nobody tried to pay in time; the subscription stays paused."""
    invoice = account.find("invoice", subscription["_resumption"]["invoice"])
    invoices.void(account, invoice)
    pauses.after_void(account, subscription, invoice)


def is_expired(account: Account, subscription: Object) -> bool:
    """Tell whether the time to pay the resumption invoice is over."""
    waiting = subscription.get("_resumption")
    return bool(waiting and waiting["expires_at"] and waiting["expires_at"] <= account.now)


def _drop_earlier_attempt(account: Account, subscription: Object) -> None:
    if waiting := subscription.get("_resumption"):
        invoice = account.find("invoice", waiting["invoice"])
        invoices.void(account, invoice)
        pauses.after_void(account, subscription, invoice)


def _resumption_invoice(
    account: Account, subscription: Object, wanted: Resumption, spans: pauses.Spans
) -> Object | None:
    """Return the draft that bills the new period or the rest of the present one; None if nothing is billed now."""
    anchored = {**subscription, "billing_cycle_anchor": account.now} if wanted.resets_anchor else subscription
    items = [
        item | {"current_period_start": spans[item["id"]][0], "current_period_end": spans[item["id"]][1]}
        for item in subscription["items"]["data"]
    ]
    billed = []
    if wanted.resets_anchor:
        billed = [line for item in items for line in prorations.period_lines(account, anchored, item)]
    elif wanted.behavior != "none":
        since = max(wanted.since, subscription.get("_billed_until") or 0)
        for item in items:
            prorations.charge(account, subscription, item, since=since, among=items)
    if not billed and (wanted.behavior != "always_invoice" or not prorations.pending(account, subscription)):
        return None
    return invoices.draft(account, subscription, reason="subscription_update", lines=billed)

"""Paused subscriptions: their pause, and what the payment of a resumption invoice changes.

It is here because paying, voiding or writing off an invoice can resume its subscription, and `invoices` can't import
`subscriptions`.
"""

from collections.abc import Sequence

from sandbox.core import periods
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import saved_methods, subscription_state
from sandbox.invoices.sending import due
from sandbox.invoices.subscription_state import UPDATED

Spans = dict[str, Sequence[int]]  # The billing period of each item, by the item's id.

PAYMENT_FAILURES = {"first_payment_failure", "final_payment_failure"}
# What the payment of the invoice that failed does to the subscription that it paused: a setting of the account.
AFTER_PAYMENT = "after_payment"
AFTER_PAYMENT_CHOICES = ("stay_paused", "resume", "resume_and_reset_anchor")


def pause(account: Account, subscription: Object, *, reason: str, billed_until: int | None = None) -> None:
    """Pause the subscription; `billed_until` is the end of the time that stays billed, if any."""
    paused = {"subscription": {"type": reason}, "transitioned_at": account.now, "type": "subscription"}
    changes = {"_billed_until": billed_until, "status": "paused", "status_details": {"paused": paused}}
    subscription_state.save(account, subscription, changes, event=UPDATED)
    account.emit("customer.subscription.paused", subscription)


def begin_resuming(
    account: Account, subscription: Object, invoice: Object, *, spans: Spans, anchor: int, needs_success: bool
) -> None:
    """Keep the subscription paused until its resumption invoice is paid; remember the periods that it then gets.

    With `needs_success` a failed attempt leaves it paused and is retried; otherwise it makes it past due.
    """
    waiting = {
        "anchor": anchor,
        "expires_at": account.now + subscription_state.TIME_TO_PAY_FIRST_INVOICE,
        "invoice": invoice["id"],
        "needs_success": needs_success,
        "periods": {name: list(span) for name, span in spans.items()},
        "schedule": subscription["schedule"],
    }
    subscription_state.save(account, subscription, {"_resumption": waiting})


def resume(account: Account, subscription: Object, *, spans: Spans, anchor: int, status: str = "active") -> None:
    """End the pause; the items get these periods."""
    items = subscription["items"]
    begun = [item | _period(spans.get(item["id"])) for item in items["data"]]
    schedule_id = (subscription.get("_resumption") or subscription)["schedule"]
    changes = {
        "_billed_until": None,
        "_resumption": None,
        "billing_cycle_anchor": anchor,
        "items": {**items, "data": begun},
        "status": status,
        "status_details": None,
    }
    subscription_state.save(account, subscription, changes, event=UPDATED)
    account.emit("customer.subscription.resumed", subscription)
    _note_in_schedule(account, schedule_id, "succeeded")


def periods_from(subscription: Object, *, anchor: int, at: int) -> Spans:
    """Return each item's billing period that contains `at`, by item id, counting from `anchor`."""
    return {
        item["id"]: periods.current(
            anchor=anchor,
            interval=item["price"]["recurring"]["interval"],
            interval_count=item["price"]["recurring"]["interval_count"],
            at=at,
        )
        for item in subscription["items"]["data"]
    }


def after_payment(account: Account, subscription: Object, invoice: Object) -> None:
    """Resume or activate a subscription whose invoice was paid."""
    saved_methods.keep(account, subscription, invoice)
    if subscription["status"] != "paused":
        subscription_state.activate(account, subscription)
    elif _awaits(subscription, invoice):
        _finish(account, subscription, status="active")
    elif _was_paused_by(subscription, invoice):
        _resume_after_failure(account, subscription)


def after_decline(account: Account, subscription: Object, invoice: Object) -> None:
    """Make a resuming subscription past due after a failed attempt to pay its invoice, and do not retry it."""
    if subscription["status"] != "paused" or not _awaits(subscription, invoice):
        return
    if subscription["_resumption"]["needs_success"]:
        waiting = {**subscription["_resumption"], "expires_at": None}  # Only an invoice without an attempt expires.
        subscription_state.save(account, subscription, {"_resumption": waiting})
        return
    _finish(account, subscription, status="past_due")
    account.change(invoice, {"next_payment_attempt": None}, event="invoice.updated")
    due.set_due(account, invoice)


def after_write_off(account: Account, subscription: Object, invoice: Object) -> None:
    """Resume a subscription whose resumption invoice was marked uncollectible."""
    if subscription["status"] == "paused" and _awaits(subscription, invoice):
        _finish(account, subscription, status="active")
    elif subscription["status"] == "paused" and _was_paused_by(subscription, invoice):
        _resume_after_failure(account, subscription)


def after_void(account: Account, subscription: Object, invoice: Object) -> None:
    """Keep the subscription paused: its resumption invoice was voided."""
    if subscription["status"] == "paused" and _awaits(subscription, invoice):
        schedule_id = subscription["_resumption"]["schedule"]
        subscription_state.save(account, subscription, {"_resumption": None})
        _note_in_schedule(account, schedule_id, "error")


def _finish(account: Account, subscription: Object, *, status: str) -> None:
    waiting = subscription["_resumption"]
    resume(account, subscription, spans=waiting["periods"], anchor=waiting["anchor"], status=status)


def _resume_after_failure(account: Account, subscription: Object) -> None:
    """Resume a subscription that a failed payment paused, as the account's setting says."""
    choice = account.store.setting(AFTER_PAYMENT, "stay_paused")
    if choice == "stay_paused":
        return
    anchor = account.now if choice == "resume_and_reset_anchor" else subscription["billing_cycle_anchor"]
    found = periods_from(subscription, anchor=anchor, at=account.now)
    resume(account, subscription, spans=found, anchor=anchor)


def _awaits(subscription: Object, invoice: Object) -> bool:
    waiting = subscription.get("_resumption")
    return bool(waiting and waiting["invoice"] == invoice["id"])


def _was_paused_by(subscription: Object, invoice: Object) -> bool:
    reason = subscription["status_details"]["paused"]["subscription"]["type"]
    return reason in PAYMENT_FAILURES and subscription["latest_invoice"] == invoice["id"]


def _note_in_schedule(account: Account, schedule_id: str | None, outcome: str) -> None:
    """Write how the attempt to resume ended into the pause schedule that began it, if there is one."""
    schedule = account.get("subscription_schedule", schedule_id) if schedule_id else None
    planned = schedule["pause_schedules"][0]["resume"] if schedule and schedule["pause_schedules"] else None
    if schedule is None or planned is None or planned["status"]["type"] not in {"pending", "requires_action"}:
        return
    error = {"code": None, "message": "The resumption invoice was not paid."} if outcome == "error" else None
    noted = {**planned, "status": {"error": error, "type": outcome}}
    entry = {**schedule["pause_schedules"][0], "resume": noted}
    account.change(schedule, {"pause_schedules": [entry]}, event="subscription_schedule.updated")


def _period(span: Sequence[int] | None) -> Object:
    return {} if span is None else {"current_period_end": span[1], "current_period_start": span[0]}

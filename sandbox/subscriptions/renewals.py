"""Renew subscriptions: bill the next period, end trials, retry failed payments, carry out scheduled ends."""

from collections.abc import Sequence

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import listing
from sandbox.invoices import lines, pauses, prorations, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.invoices.sending import due
from sandbox.invoices.sending import rules as sending
from sandbox.invoices.shapes import Line
from sandbox.invoices.subscription_state import UPDATED
from sandbox.payments.cards import Decline
from sandbox.subscriptions import rules, scheduled_ends
from sandbox.subscriptions.pausing import collection, eligibility

# The status of a subscription after the last retry of a renewal has failed: an account-wide setting at Stripe.
AFTER_LAST_ATTEMPT = "after_last_attempt"
OUTCOMES = ("cancel", "unpaid", "past_due", "pause")
# Whether the first failed attempt for a renewal pauses its subscription: also a setting of the account.
AFTER_FIRST_ATTEMPT = "after_first_attempt"
FIRST_OUTCOMES = ("retry", "pause")


def advance(account: Account, subscription: Object) -> None:
    """Make the next change that is due: scheduled end, expiry, end of trial, notice of its end, or renewal."""
    rules.with_current_prices(account, subscription)
    status, cancel_at = subscription["status"], subscription["cancel_at"]
    if cancel_at is not None and cancel_at <= account.now:
        bill_now(account, subscription, billed=usage_lines(account, subscription))  # With pending prorations.
        rules.end(account, subscription, details={})
    elif status == "incomplete":
        _expire_incomplete(account, subscription)
    elif status == "trialing" and subscription["trial_end"] <= account.now:
        end_trial(account, subscription)
    elif status == "trialing":
        account.emit("customer.subscription.trial_will_end", subscription)
        subscription_state.set_due(account, subscription)
    else:
        _renew(account, subscription)


def end_trial(account: Account, subscription: Object, *, is_away: bool = False) -> None:
    """End the trial now and bill the first paid period.

    Without a payment method, `trial_settings.end_behavior` decides: bill anyway, cancel or pause. If the customer
    `is_away`, a card that needs 3-D Secure is declined.
    """
    end_behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if end_behavior != "create_invoice" and subscription_state.payment_method(account, subscription) is None:
        if end_behavior == "cancel":
            rules.end(account, subscription, details={})
        else:
            pauses.pause(account, subscription, reason="trial_end_without_payment_method")
        return
    was = (subscription["trial_start"], account.now)
    anchored = {**subscription, "billing_cycle_anchor": account.now}
    over = [_next_period(anchored, {**item, "current_period_end": account.now}) for item in _items(subscription)]
    changes = {"billing_cycle_anchor": account.now, "status": "active", "trial_end": account.now}
    _begin_periods(account, subscription, over, was=was, changes=changes, is_away=is_away)


def collect(account: Account, subscription: Object, invoice: Object, *, is_away: bool = False) -> Decline | None:
    """Attempt to pay an open invoice, and return the decline, if any; the subscription changes with the outcome."""
    method = subscription_state.payment_method(account, subscription)
    decline = invoices.collect(account, invoice, method, on_session=False, is_away=is_away)
    if decline is None:
        pauses.after_payment(account, subscription, invoice)
    elif subscription["status"] == "paused":
        pauses.after_decline(account, subscription, invoice)
    elif invoice["next_payment_attempt"] is None:
        _act_after_last_attempt(account, subscription)
    else:
        _act_after_first_attempt(account, subscription, invoice)
    return decline


def give_up(account: Account, subscription: Object, invoice: Object) -> None:
    """Treat the failed first attempt to collect the invoice as the last one."""
    _act_after_first_attempt(account, subscription, invoice)
    if subscription["status"] == "past_due":
        _act_after_last_attempt(account, subscription)


def bill_now(
    account: Account,
    subscription: Object,
    *,
    billed: Sequence[Line] = (),
    collects: bool = True,
    is_away: bool = False,
) -> None:
    """Invoice these lines and all pending prorations now, between two renewals. Without either, create no invoice.

    Without `collects` an invoice that would be charged stays open for the customer to pay, and the subscription is
    past due until then. If the customer `is_away`, a card that needs 3-D Secure is declined.
    """
    if not billed and not prorations.pending(account, subscription):
        return
    began = max(item["current_period_start"] for item in _items(subscription))
    period = None if billed else (began, account.now)
    invoice = invoices.draft(account, subscription, reason="subscription_update", lines=list(billed), period=period)
    subscription_state.save(account, subscription, {"latest_invoice": invoice["id"]}, event=UPDATED)
    is_sent = subscription["collection_method"] == "send_invoice"
    if collects or is_sent or not invoice["amount_due"] or subscription["pause_collection"]:
        finalize(account, subscription, invoice, is_away=is_away)
        return
    invoices.finalize(account, invoice)
    if subscription["status"] == "active":
        subscription_state.save(account, subscription, {"status": "past_due"}, event=UPDATED)


def usage_lines(account: Account, subscription: Object) -> list[Line]:
    """Return the lines that bill the usage of all items in their current periods, for a last invoice."""
    if subscription["status"] in prorations.UNBILLED:
        return []
    return [line for item in _items(subscription) for line in lines.for_usage(account, subscription, item)]


def drafted_renewal(account: Account, subscription: Object) -> Object:
    """Return the invoice as which a renewal would be drafted now, and write nothing."""
    rules.with_current_prices(account, subscription)
    was, begun = _next_periods(account, subscription)
    return invoices.drafted(account, subscription, lines=_lines(account, subscription, begun, {}), period=was)


def _renew(account: Account, subscription: Object) -> None:
    """Start the next period of each item whose current period is over."""
    was, begun = _next_periods(account, subscription)
    _begin_periods(account, subscription, begun, was=was, changes={})


def _next_periods(account: Account, subscription: Object) -> tuple[tuple[int, int], list[Object]]:
    """Return the period that is over, and copies with their next period of the items for which it is."""
    due = [item for item in _items(subscription) if item["current_period_end"] <= account.now]
    was = (due[0]["current_period_start"], due[0]["current_period_end"])
    return was, [_next_period(subscription, item) for item in due]


def _begin_periods(
    account: Account,
    subscription: Object,
    begun: list[Object],
    *,
    was: tuple[int, int],
    changes: Object,
    is_away: bool = False,
) -> None:
    """Replace these items by their copies with a new period; bill the new periods in advance, and usage afterwards."""
    billed = _lines(account, subscription, begun, changes)
    invoice = invoices.draft(account, subscription, reason="subscription_cycle", lines=billed, period=was)
    by_id = {item["id"]: item for item in begun}
    after = [by_id.get(item["id"], item) for item in _items(subscription)]
    items = listing.with_members(subscription["items"], after)
    changes = {**changes, "items": items, "latest_invoice": invoice["id"]}
    subscription_state.save(account, subscription, changes, event=UPDATED)
    if subscription["status"] == "unpaid":
        account.change(invoice, {"auto_advance": False}, event="invoice.updated")
    elif seconds := due.draft_seconds(account):
        account.change(invoice, {"automatically_finalizes_at": account.now + seconds}, event="invoice.updated")
        due.set_due(account, invoice)
    else:
        finalize(account, subscription, invoice, is_away=is_away)


def _lines(account: Account, subscription: Object, begun: list[Object], changes: Object) -> list[Line]:
    """Return the lines of the usage until now, and those of the periods that these copies of items begin."""
    names = {item["id"] for item in begun}
    is_over = subscription["status"] != "trialing"  # Usage during a trial is free.
    over = [item for item in _items(subscription) if is_over and item["id"] in names]
    used = [line for item in over for line in lines.for_usage(account, subscription, item)]
    begun_at = {**subscription, **changes}
    return [*used, *(line for item in begun for line in prorations.period_lines(account, begun_at, item))]


def finalize(account: Account, subscription: Object, invoice: Object, *, is_away: bool = False) -> None:
    """Finalize the subscription's invoice, and collect or send it; or hold it if collection is paused."""
    if subscription["pause_collection"]:
        collection.hold(account, subscription, invoice)
        return
    invoices.finalize(account, invoice)
    if subscription["collection_method"] == "send_invoice" and invoice["amount_due"]:
        sending.send(account, invoice)
    else:
        collect(account, subscription, invoice, is_away=is_away)


def _items(subscription: Object) -> list[Object]:
    items: list[Object] = subscription["items"]["data"]
    return items


def _next_period(subscription: Object, item: Object) -> Object:
    start, end = rules.period_of(
        item["price"], anchor=subscription["billing_cycle_anchor"], at=item["current_period_end"]
    )
    begun = {**item, "current_period_start": start, "current_period_end": end}
    return scheduled_ends.shortened(begun, cancel_at=subscription["cancel_at"])


def _act_after_first_attempt(account: Account, subscription: Object, invoice: Object) -> None:
    """Make the subscription past due, or pause it if the account's setting says so and its renewal failed."""
    pauses_it = account.store.setting(AFTER_FIRST_ATTEMPT, "retry") == "pause"
    is_first = invoice["attempt_count"] == 1 and invoice["billing_reason"] == "subscription_cycle"
    if pauses_it and is_first and eligibility.why_not(subscription) is None:
        _pause(account, subscription, "first_payment_failure")
    elif subscription["status"] == "active":
        subscription_state.save(account, subscription, {"status": "past_due"}, event=UPDATED)


def _act_after_last_attempt(account: Account, subscription: Object) -> None:
    outcome = account.store.setting(AFTER_LAST_ATTEMPT, "cancel")
    if outcome == "unpaid":
        subscription_state.save(account, subscription, {"status": "unpaid"}, event=UPDATED)
    elif outcome == "pause" and eligibility.why_not(subscription) is None:
        _pause(account, subscription, "final_payment_failure")
    elif outcome in {"cancel", "pause"}:  # Stripe cancels where it can't pause.
        rules.end(account, subscription, details={"reason": "payment_failed"})


def _pause(account: Account, subscription: Object, reason: str) -> None:
    """Pause because of a failed payment; the invoice bills the current period, and can still be paid."""
    billed_until = max(item["current_period_end"] for item in _items(subscription))
    pauses.pause(account, subscription, reason=reason, billed_until=billed_until)


def _expire_incomplete(account: Account, subscription: Object) -> None:
    """Expire an incomplete subscription whose first invoice was not paid in time, and void that invoice.

    While its payment is processing, the subscription does not expire.
    """
    invoice = account.find("invoice", subscription["latest_invoice"])
    if invoices.intent_of(account, invoice)["status"] == "processing":
        account.store.clear_due("subscription", subscription["id"])
        return
    invoices.void(account, invoice)
    subscription_state.save(
        account, subscription, {"ended_at": account.now, "status": "incomplete_expired"}, event=UPDATED
    )

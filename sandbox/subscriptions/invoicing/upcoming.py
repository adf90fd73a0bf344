"""Announce renewals: `invoice.upcoming`, whose object is a preview of the next invoice, without an id."""

from sandbox.core.account import Account
from sandbox.core.dry_run import dry_run
from sandbox.core.store import Object, copied, loaded
from sandbox.invoices import subscription_state
from sandbox.subscriptions import due_next, renewals
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.previews import next_invoice, shapes


def advance(account: Account, subscription: Object) -> None:
    """Announce the next renewal if it is time to, or else make the next change that is due."""
    time = subscription_state.upcoming_time(account, subscription)
    if time is not None and time <= account.now:
        _announce(account, subscription)
    else:
        due_next.advance(account, subscription)


def _announce(account: Account, subscription: Object) -> None:
    announced = {"_announced": subscription_state.next_renewal(subscription)}
    subscription_state.save(account, subscription, announced)
    drafted = (
        _drafted(account, subscription) if _only_renews(account, subscription) else _rehearsed(account, subscription)
    )
    if drafted is not None:
        preview = shapes.preview(drafted, proration_date=None, new_items={})
        account.emit("invoice.upcoming", {name: value for name, value in preview.items() if name != "id"})


def _only_renews(account: Account, subscription: Object) -> bool:
    """Return whether the subscription's next change is a renewal on the account's own time, and nothing else."""
    return (
        subscription["status"] in {"active", "past_due"}
        and subscription["schedule"] is None
        and not subscription.get("_resumption")
        and account.test_clock is None
        and subscription_state.next_due_time(subscription, now=account.now)
        == subscription_state.next_renewal(subscription)
    )


def _drafted(account: Account, subscription: Object) -> Object:
    """Return the invoice of a renewal, computed without writing: much faster than a dry run."""
    now, account.now = account.now, subscription_state.next_renewal(subscription) or account.now
    try:
        return renewals.drafted_renewal(account, subscription)
    finally:
        account.now = now


def _rehearsed(account: Account, subscription: Object) -> Object | None:
    """Return the next invoice from a dry run of what happens until it is created; None if none will be."""
    with dry_run(account, until=next_invoice.DRAFTED) as rehearsal:
        tried = subscriptions.with_current_prices(account, loaded(copied(subscription)))
        next_invoice.next_invoice(account, rehearsal, tried, latest_before=subscription["latest_invoice"])
    return next_invoice.as_drafted(rehearsal)

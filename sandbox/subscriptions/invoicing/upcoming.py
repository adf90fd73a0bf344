"""Announce renewals: `invoice.upcoming`, whose object is a preview of the next invoice, without an id."""

from sandbox.core.account import Account
from sandbox.core.dry_run import dry_run
from sandbox.core.store import Object, copied, loaded
from sandbox.invoices import subscription_state
from sandbox.subscriptions import due_next
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
    with dry_run(account, until=next_invoice.DRAFTED) as rehearsal:
        tried = subscriptions.with_current_prices(account, loaded(copied(subscription)))
        next_invoice.next_invoice(account, rehearsal, tried, latest_before=subscription["latest_invoice"])
    drafted = next_invoice.as_drafted(rehearsal)
    if drafted is not None:
        preview = shapes.preview(drafted, proration_date=None, new_items={})
        account.emit("invoice.upcoming", {name: value for name, value in preview.items() if name != "id"})

"""Advance a subscription that is due: to the next phase of its schedule, or else to its next period."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import pending_updates
from sandbox.subscriptions import renewals
from sandbox.subscriptions.pausing import collection
from sandbox.subscriptions.pausing import rules as pausing
from sandbox.subscriptions.schedules import pause_schedules
from sandbox.subscriptions.schedules import rules as schedules


def advance(account: Account, subscription: Object) -> None:
    """Make one change that is due now.

    A schedule's phase comes before a renewal, so that the renewal bills the new phase. Call again while the
    subscription is still due.
    """
    if pending_updates.is_expired(account, subscription):
        pending_updates.expire(account, subscription)
        return
    if collection.is_over(account, subscription):
        collection.end(account, subscription)
        return
    if pausing.is_expired(account, subscription):
        pausing.expire_resumption(account, subscription)
        return
    if pause_schedules.is_due(account, subscription):
        pause_schedules.run(account, subscription)
        return
    phase_end = subscription.get("_phase_end")
    if phase_end is not None and phase_end <= account.now:
        schedules.advance(account, subscription)
    else:
        renewals.advance(account, subscription)

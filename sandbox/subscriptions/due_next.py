"""The one thing that is due for a subscription at a moment: its next phase before its next period."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.subscriptions import renewals
from sandbox.subscriptions.schedules import rules as schedules


def advance(account: Account, subscription: Object) -> None:
    """Do what is due for the subscription now; what else is due now is then still to be done."""
    phase_end = subscription.get("_phase_end")
    if phase_end is not None and phase_end <= account.now:
        schedules.advance(account, subscription)
    else:
        renewals.advance(account, subscription)

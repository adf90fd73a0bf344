"""What happens because time passes: sessions expire, trials end, periods renew, failed payments are retried.

Objects are due at times that `Store.set_due` saves; `DUE` has the action of each kind. `catch_up` runs before each
request and while the clock is moved.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from sandbox.catalog.discounts import redeeming
from sandbox.catalog.discounts import rules as discounts
from sandbox.checkout import rules as checkout
from sandbox.checkout import settlement as checkout_settlement
from sandbox.core.account import Account, Cause
from sandbox.core.store import Object
from sandbox.events import expiry
from sandbox.invoices import settlement as invoice_settlement
from sandbox.payments import due as payments
from sandbox.payments import outcomes
from sandbox.payments.balance import rules as balance
from sandbox.payments.disputes import rules as disputes
from sandbox.payments.refunds import rules as refunds
from sandbox.subscriptions.invoicing import due as invoicing
from sandbox.subscriptions.invoicing import failed_debits, upcoming
from sandbox.subscriptions.schedules import starting as schedules
from sandbox.subscriptions.starting import pending_setup

DUE: dict[str, Callable[[Account, Object], object]] = {
    "checkout.session": checkout.expire,
    "subscription": upcoming.advance,
    "subscription_schedule": schedules.start_or_announce_end,
    "invoice": invoicing.advance,
    "discount": discounts.expire,
    "coupon": redeeming.expire_coupon,
    "promotion_code": redeeming.expire_code,
    "payment_intent": payments.advance_intent,
    "charge": payments.advance_charge,
    "balance_transaction": balance.make_available,
    "dispute": disputes.advance,
    "refund": refunds.advance,
}

# An invoice is paid before the session that waits for it.
outcomes.listen(invoice_settlement.follow, failed_debits.follow, checkout_settlement.follow, pending_setup.follow)


def catch_up_on_clock(account: Account, clock: Object, *, until: int) -> None:
    """Run the actions that are due on a test clock by `until`, each at its own time."""
    cause, account.cause = account.cause, Cause()
    with account.on_clock(clock):
        while due := account.store.next_due(until):
            moment, kind, object_id = due
            account.now = max(account.now, moment)
            DUE[kind](account, account.find(kind, object_id))
    account.cause = cause


@dataclass(frozen=True)
class Progress:
    """The number of actions that were run, and whether none is left."""

    done: int
    is_complete: bool


def catch_up(account: Account, *, until: int, seconds: float = inf) -> Progress:
    """Run the actions due by `until`, each at its own time, in the caller's transaction.

    After so many `seconds` it stops, and `account.now` is the time that it has reached.
    """
    done, cause, deadline = 0, account.cause, time.monotonic() + seconds
    account.cause = Cause()
    due = account.store.next_due(until)
    while due and (time.monotonic() < deadline or not done):
        moment, kind, object_id = due
        account.now = moment
        expiry.drop_expired(account)
        DUE[kind](account, account.find(kind, object_id))
        done += 1
        due = account.store.next_due(until)
    if due is None:
        account.now = until
        expiry.drop_expired(account)
    account.cause = cause
    return Progress(done, is_complete=due is None)

"""Advance and delete test clocks. https://docs.stripe.com/billing/testing/test-clocks"""

from sandbox import clock_effects
from sandbox.core import periods
from sandbox.core.account import Account
from sandbox.core.clocked import CLOCK
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import rules as customers
from sandbox.invoices import subscription_state
from sandbox.test_clocks import shapes

INTERVALS_AHEAD = 2
YEARS_AHEAD = 2  # Without subscriptions.


def advance(account: Account, clock: Object, target: int) -> Object:
    """Advance the clock, with all that falls due on the way; return it as it was while it advanced."""
    _check_target(account, clock, target)
    account.change(clock, shapes.advancing(target), event="test_helpers.test_clock.advancing")
    shown = dict(clock)
    clock_effects.catch_up_on_clock(account, clock, until=target)
    account.change(clock, {**shapes.READY, "frozen_time": target}, event="test_helpers.test_clock.ready")
    return shown


def delete(account: Account, clock: Object) -> Object:
    """Delete the clock and its customers, whose subscriptions are canceled."""
    with account.on_clock(clock):
        for customer in list(account.store.scan("customer", index=("test_clock", clock["id"]))):
            customers.delete(account, customer)
    return account.remove(clock, event="test_helpers.test_clock.deleted")


def _check_target(account: Account, clock: Object, target: int) -> None:
    if target <= clock["frozen_time"]:
        raise ApiError.invalid(
            f"The time to advance to must be after the test clock's current frozen time of {clock['frozen_time']}.",
            param="frozen_time",
        )
    if target > _furthest(account, clock):
        raise ApiError.invalid(
            "A test clock can be advanced by at most two intervals of its shortest subscription, or by two years if "
            "it has no subscription.",
            param="frozen_time",
        )


def _furthest(account: Account, clock: Object) -> int:
    """Return the latest time to which the clock can be advanced at once."""
    rhythms = [
        (price["recurring"]["interval"], price["recurring"]["interval_count"])
        for subscription in account.store.scan("subscription", index=("test_clock", clock["id"]))
        if not subscription_state.has_ended(subscription)
        for price in (item["price"] for item in subscription["items"]["data"])
    ]
    return min(
        periods.boundary(anchor=clock["frozen_time"], interval=interval, interval_count=count, number=INTERVALS_AHEAD)
        for interval, count in rhythms or [("year", YEARS_AHEAD // INTERVALS_AHEAD)]
    )


clock_effects.DUE[CLOCK] = delete  # After a week.

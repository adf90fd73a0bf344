"""Scheduled ends: `cancel_at` and `cancel_at_period_end`, and the periods that they end early.

No period of an item goes on after `cancel_at`: https://docs.stripe.com/api/subscriptions/update#update_subscription-cancel_at
Decided here, because Stripe does not document it: the item's `current_period_end` becomes `cancel_at`, and comes back
when the end is removed; the time that is lost or won is prorated when that happens.
"""

from collections.abc import Iterable
from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params
from sandbox.invoices import item_costs

PARAMETERS = frozenset({"cancel_at", "cancel_at_period_end"})


def check(params: Params) -> None:
    """Raise ApiError if the request names two ends."""
    if params.get("cancel_at_period_end") and params.get("cancel_at"):
        raise ApiError.invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.")


def changes(account: Account, subscription: Object, params: Params, items: Iterable[Object]) -> dict[str, Any]:
    """Return the members that `cancel_at_period_end` or `cancel_at` change: set a scheduled end, or remove it.

    `items` are the items after the request, in whole periods. With `cancel_at_period_end` the end follows the earliest
    of them; the named dates of `cancel_at` are resolved once.
    """
    check(params)
    if not params.keys() & PARAMETERS:
        if not subscription["cancel_at_period_end"]:
            return {}
        return {"cancel_at": min(item["current_period_end"] for item in items)}
    at_period_end = params.get("cancel_at_period_end", False)
    cancel_at = _moment(params, [item["current_period_end"] for item in items])
    if cancel_at is not None and cancel_at <= account.now:
        raise ApiError.invalid("The timestamp for `cancel_at` must be in the future.", param="cancel_at")
    reason = None if cancel_at is None else "cancellation_requested"
    return {
        "cancel_at": cancel_at,
        "cancel_at_period_end": at_period_end,
        "canceled_at": None if cancel_at is None else account.now,
        "cancellation_details": subscription["cancellation_details"] | {"reason": reason},
    }


def whole(subscription: Object, item: Object) -> Object:
    """Return the item with its whole period, as without a scheduled end."""
    return item | {"current_period_end": item_costs.full_period(subscription, item)[1]}


def shortened(item: Object, *, cancel_at: int | None) -> Object:
    """Return the item with a period that ends by `cancel_at`."""
    if cancel_at is None or cancel_at <= item["current_period_start"]:
        return item
    return item | {"current_period_end": min(item["current_period_end"], cancel_at)}


def _moment(params: Params, ends: list[int]) -> int | None:
    if params.get("cancel_at_period_end"):
        return min(ends)
    cancel_at = params.get("cancel_at", "")
    named = {"min_period_end": min(ends), "max_period_end": max(ends), "max_billed_until": max(ends), "": None}
    moment: int | None = named.get(cancel_at, cancel_at)
    return moment

"""Read the parameters of `subscriptions.update` and carry them out: scheduled end, trial, items, plain members."""

from copy import deepcopy
from typing import Any

from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.discounts import rules as discounts
from sandbox.core.account import Account
from sandbox.core.dry_run import dry_run
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import pending_updates, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.invoices.subscription_state import UPDATED
from sandbox.payments import payment_method_routes
from sandbox.payments import rules as payments
from sandbox.subscriptions import renewals, scheduled_ends, shared_parameters
from sandbox.subscriptions.changes import item_request, pending, rules
from sandbox.subscriptions.pausing import collection
from sandbox.subscriptions.schedules import request as schedule_request
from sandbox.subscriptions.schedules import rules as schedules

SUPPORTED = frozenset(
    {
        "billing_cycle_anchor",
        "cancel_at",
        "cancel_at_period_end",
        "cancellation_details",
        "collection_method",
        "days_until_due",
        "default_payment_method",
        "description",
        "discounts",
        "items",
        "metadata",
        "off_session",
        "pause_collection",
        "payment_behavior",
        "payment_settings",
        "proration_behavior",
        "proration_date",
        "trial_end",
        "trial_settings",
    }
)


def update(account: Account, subscription: Object, params: Params) -> Object:
    """Change the subscription as the request says.

    A change that waits for its payment is dropped. Raises ApiError; with `payment_behavior` "error_if_incomplete"
    ApiError (402) if the card would be declined, and then nothing is changed.
    """
    schedule_request.check_cancelation(subscription, params)
    if params.keys() - {"metadata"}:
        pending_updates.discard(account, subscription)
    if params.get("payment_behavior") == pending.BEHAVIOR:
        return pending.update(account, subscription, params, apply=apply)
    if params.get("payment_behavior") == "error_if_incomplete":
        _refuse_unless_paid(account, subscription, params)
    return apply(account, subscription, params)


def apply(account: Account, subscription: Object, params: Params) -> Object:
    """Change the subscription, and bill the change if it is due now."""
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    _check_trial_and_anchor(subscription, params)
    members = _members(account, subscription, params)
    resets = params.get("billing_cycle_anchor", {}).get("type") == "now"
    if resets or params.keys() & {"items", *scheduled_ends.PARAMETERS}:
        wanted = item_request.item_changes(account, subscription, params)
        rules.change_items(account, subscription, wanted, members=members)
        if "items" in params:
            schedules.copy_items_to_current_phase(account, subscription)
    else:
        subscription_state.save(account, subscription, members, event=UPDATED)
    if "trial_end" in params:
        _change_trial(account, subscription, params)
    return subscription


def cancellation_details(params: Params, *, reason: str | None = None) -> dict[str, Any]:
    """Return the given `cancellation_details`; an empty text removes a value."""
    given = params.get("cancellation_details", {})
    details = {name: value or None for name, value in given.items()}
    return details | ({"reason": reason} if reason else {})


def _members(account: Account, subscription: Object, params: Params) -> dict[str, Any]:
    members = shared_parameters.shared_members(account, params) | collection.requested(account, params)
    members |= shared_parameters.payment_settings(params, subscription["payment_settings"])
    members |= shared_parameters.collection(params, subscription)
    if "metadata" in params:
        members["metadata"] = metadata.merged(subscription["metadata"], params)
    if "default_payment_method" in params:
        members["default_payment_method"] = _payment_method(account, subscription, params["default_payment_method"])
    if "cancellation_details" in params:
        members["cancellation_details"] = {**subscription["cancellation_details"], **cancellation_details(params)}
    redeemed = discount_request.of_update(account, params, subscription)
    return members | discounts.replace(account, subscription, redeemed)


def _check_trial_and_anchor(subscription: Object, params: Params) -> None:
    """Raise ApiError if the billing date would move to before the end of the trial."""
    resets = params.get("billing_cycle_anchor", {}).get("type") == "now"
    is_on_trial = subscription["status"] == "trialing"
    if resets and "trial_end" in params:
        is_on_trial = params["trial_end"] != "now"
    if resets and is_on_trial:
        raise ApiError.invalid(
            "The `billing_cycle_anchor` can't be before the end of the trial.",
            param="billing_cycle_anchor",
            code="subscription_update_trial_after_billing_cycle_anchor",
        )


def _payment_method(account: Account, subscription: Object, method_id: str) -> str | None:
    """Return the id of the customer's method; an empty text removes the subscription's own."""
    if not method_id:
        return None
    customer = account.find("customer", subscription["customer"])
    method = payment_method_routes.attached(account, method_id, customer, param="default_payment_method")
    return str(method["id"])


def _change_trial(account: Account, subscription: Object, params: Params) -> None:
    """End the trial now, move its end, or start a trial of an active subscription."""
    is_on_trial = subscription["status"] == "trialing"
    if params["trial_end"] == "now":
        if is_on_trial:
            renewals.end_trial(account, subscription, is_away=params.get("off_session", False))
        return
    end = shared_parameters.trial(account, params).end
    if end is None:
        raise LookupError("a trial that does not end")
    if is_on_trial:
        _move_trial(account, subscription, end)
        return
    if subscription["status"] != "active":
        raise ApiError.unsupported_parameter("trial_end")
    rules.begin_trial(
        account,
        subscription,
        end=end,
        behavior=params.get("proration_behavior", "create_prorations"),
        since=item_request.proration_date(account, subscription, params),
        is_away=params.get("off_session", False),
    )


def _move_trial(account: Account, subscription: Object, end: int) -> None:
    items = subscription["items"]
    moved = [item | {"current_period_end": end} for item in items["data"]]
    members = {"billing_cycle_anchor": end, "items": items | {"data": moved}, "trial_end": end}
    subscription_state.save(account, subscription, members, event=UPDATED)


def _refuse_unless_paid(account: Account, subscription: Object, params: Params) -> None:
    """Raise ApiError if the change would leave an unpaid invoice that is charged. Tries the change in a dry run."""
    with dry_run(account):
        tried = apply(account, deepcopy(subscription), params)
        unpaid = pending.unpaid_invoice(account, tried, before=subscription)
        method = subscription_state.payment_method(account, tried)
    if unpaid is None:
        return
    decline = payments.would_decline(method) if method else None
    if decline is None:
        raise ApiError.invalid(invoices.NO_METHOD.message, code=invoices.NO_METHOD.code)
    raise decline.error()

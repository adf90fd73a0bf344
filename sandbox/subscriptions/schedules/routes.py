"""The `/v1/subscription_schedules` routes."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import subscription_state
from sandbox.subscriptions import routes as subscription_routes
from sandbox.subscriptions.schedules import ending, pause_schedules, request, rules, starting

SUPPORTED = frozenset({"end_behavior", "metadata", "pause_schedules", "phases", "proration_behavior"})
NEW_PARAMETERS = frozenset(
    {"billing_mode", "customer", "default_settings", "end_behavior", "metadata", "phases", "start_date"}
)
END_DATES = ("canceled_at", "completed_at", "released_at")


def create(account: Account, params: Params) -> Object:
    """Create a schedule for a subscription, or one that starts a new subscription, now or at `start_date`."""
    if "from_subscription" not in params:
        limits.refuse_unsupported(params, *sorted(params.keys() - NEW_PARAMETERS))
        return starting.create(account, params)
    for name in sorted(params.keys() - {"from_subscription", "pause_schedules"}):
        raise ApiError.invalid(f"You cannot set `{name}` if `from_subscription` is set.", param=name)
    schedule = rules.create_from_subscription(account, _unscheduled(account, params))
    pause_schedules.change(account, schedule, params)
    return schedule


def _unscheduled(account: Account, params: Params) -> Object:
    """Return the subscription of `from_subscription`. Raises ApiError if it can't have a schedule."""
    subscription = account.find("subscription", params["from_subscription"], param="from_subscription")
    if subscription_state.has_ended(subscription) or subscription["status"] == "incomplete":
        raise ApiError.invalid(
            f"You cannot migrate a subscription that is in the `{subscription['status']}` status.",
            param="from_subscription",
        )
    if subscription["schedule"]:
        raise ApiError.invalid(
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['id']}`",
            param="from_subscription",
        )
    return subscription


def retrieve(account: Account, _params: Params, schedule_id: str) -> Object:
    return account.find("subscription_schedule", schedule_id)


def update(account: Account, params: Params, schedule_id: str) -> Object:
    """Change the phases, `end_behavior` or metadata of a running schedule; metadata also of an ended one."""
    schedule = account.find("subscription_schedule", schedule_id)
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    members: dict[str, Any] = {}
    if "metadata" in params:
        members["metadata"] = metadata.merged(schedule["metadata"], params)
    if params.keys() <= {"metadata"}:
        return account.change(schedule, members, event="subscription_schedule.updated")
    _require_running(schedule, "update")
    if "end_behavior" in params:
        members["end_behavior"] = starting.end_behavior(params)
    if "phases" in params:
        members["phases"] = request.phases(account, schedule, params["phases"])
    if schedule["subscription"] is None:
        limits.refuse_unsupported(params, "pause_schedules")
        account.change(schedule, members, event="subscription_schedule.updated")
        starting.plan(account, schedule)
        return schedule
    behavior = params.get("proration_behavior", "create_prorations")
    if members:
        rules.update(account, schedule, members, behavior=behavior)
    pause_schedules.change(account, schedule, params)
    return account.find("subscription_schedule", schedule_id)


def release(account: Account, params: Params, schedule_id: str) -> Object:
    """End the schedule; its subscription continues as it is."""
    schedule = account.find("subscription_schedule", schedule_id)
    _require_running(schedule, "release")
    if schedule["subscription"] is None:
        ending.release_before_start(account, schedule)
        return schedule
    subscription = account.find("subscription", schedule["subscription"])
    ending.release(account, schedule, subscription, keeps_cancel_date=params.get("preserve_cancel_date", False))
    return schedule


def cancel(account: Account, params: Params, schedule_id: str) -> Object:
    """Cancel the schedule and its subscription; `prorate` and `invoice_now` are true unless given."""
    schedule = account.find("subscription_schedule", schedule_id)
    _require_running(schedule, "cancel")
    if schedule["subscription"] is None:
        ending.cancel_before_start(account, schedule)
        return schedule
    choices = {"prorate": params.get("prorate", True), "invoice_now": params.get("invoice_now", True)}
    subscription_routes.cancel(account, choices, schedule["subscription"])
    return account.find("subscription_schedule", schedule_id)


def list_all(account: Account, params: Params) -> Object:
    """List schedules, filtered by customer, by end dates or by not having started."""
    limits.refuse_unsupported(params, "customer_account")
    return listing.page(
        account,
        "subscription_schedule",
        params,
        index=("customer", params["customer"]) if "customer" in params else None,
        where=lambda schedule: _matches_filters(schedule, params),
    )


def _matches_filters(schedule: Object, params: Params) -> bool:
    if params.get("scheduled") and schedule["status"] != "not_started":
        return False
    return all(
        schedule[name] is not None and _within(schedule[name], params[name]) for name in END_DATES if name in params
    )


def _within(moment: int, wanted: Any) -> bool:
    first, last = listing.created_range(wanted)
    return (first is None or moment >= first) and (last is None or moment <= last)


def _require_running(schedule: Object, verb: str) -> None:
    if schedule["status"] not in ending.RUNNING:
        raise ApiError.invalid(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status. "
            "It must be in `not_started` or `active` status."
        )


ROUTES: Routes = [
    ("POST", "/v1/subscription_schedules", create),
    ("GET", "/v1/subscription_schedules", list_all),
    ("GET", "/v1/subscription_schedules/<schedule_id>", retrieve),
    ("POST", "/v1/subscription_schedules/<schedule_id>", update),
    ("POST", "/v1/subscription_schedules/<schedule_id>/release", release),
    ("POST", "/v1/subscription_schedules/<schedule_id>/cancel", cancel),
]

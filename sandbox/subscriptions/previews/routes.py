"""Previews of invoices: what a subscription, or a change of one, would be billed."""

from copy import deepcopy
from typing import Any

from sandbox.core.account import Account
from sandbox.core.dry_run import dry_run
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import prorations, subscription_state
from sandbox.subscriptions import renewals, start_request
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.changes import request as change_request
from sandbox.subscriptions.previews import next_invoice, shapes

SUPPORTED = frozenset({"customer", "discounts", "preview_mode", "schedule", "subscription", "subscription_details"})
CHANGES = frozenset(
    {
        "billing_cycle_anchor",
        "cancel_at",
        "cancel_at_period_end",
        "items",
        "metadata",
        "proration_behavior",
        "proration_date",
        "trial_end",
    }
)
STARTS = frozenset({"billing_mode", "items", "metadata", "trial_end"})


def create(account: Account, params: Params) -> Object:
    """Show the invoice that comes next, after the change that the request describes; nothing is changed.

    Raises ApiError, also where the change itself would be refused; 404 when no invoice would come.
    """
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    details = params.get("subscription_details", {})
    subscription = _subscription(account, params)
    if subscription is None:
        return _of_new(account, params, details)
    return _of_change(account, subscription, params, details)


def _of_change(account: Account, subscription: Object, params: Params, details: Params) -> Object:
    changes = _changes(params, details)
    known = subscription["latest_invoice"]
    known_items = set(prorations.new_items(account, subscription, set()))
    with dry_run(account):
        tried = deepcopy(subscription)
        if params.get("preview_mode") == "recurring":
            prorations.delete_pending(account, tried)
        if details.get("cancel_now"):
            drafted = _final_invoice(account, tried, details)
        else:
            if changes:
                change_request.apply(account, tried, changes)
            drafted = next_invoice.next_invoice(account, tried, known=known)
        made = prorations.new_items(account, tried, known_items)
    if drafted is None:
        raise _none_comes(subscription["customer"])
    return shapes.preview(drafted, proration_date=_proration_date(account, details), made=made)


def _of_new(account: Account, params: Params, details: Params) -> Object:
    """Preview the first invoice of a subscription that a customer does not have yet."""
    limits.refuse_unsupported(details, *sorted(details.keys() - STARTS))
    members = {name: params[name] for name in params.keys() & {"customer", "discounts"}}
    with dry_run(account):
        started = start_request.start(account, {**details, **members, "payment_behavior": "default_incomplete"})
        drafted = next_invoice.as_drafted(account, started["latest_invoice"])
    return shapes.preview(drafted, proration_date=None, made={})


def _final_invoice(account: Account, subscription: Object, details: Params) -> Object | None:
    """Cancel at once, in a dry run, and return what is left to bill."""
    known = subscription["latest_invoice"]
    if details.get("proration_behavior", "create_prorations") != "none":
        prorations.credit_everything(account, subscription, since=_proration_date(account, details) or account.now)
    renewals.bill_now(account, subscription)
    latest = subscription["latest_invoice"]
    return next_invoice.as_drafted(account, latest) if latest != known else None


def _subscription(account: Account, params: Params) -> Object | None:
    """Return the subscription that is named, or the customer's next one to be billed; None for a new one."""
    if "schedule" in params:
        return _of_schedule(account, params)
    if "subscription" in params:
        return _named(account, params["subscription"], params)
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    if "items" in params.get("subscription_details", {}):
        return None
    return _next_of(account, customer)


def _named(account: Account, subscription_id: str, params: Params) -> Object:
    subscription = account.find("subscription", subscription_id, param="subscription")
    if params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise ApiError.invalid(
            f"Customer {params['customer']} does not have a subscription with ID {subscription_id}",
            param="subscription",
            code="resource_missing",
        )
    if subscription_state.has_ended(subscription):
        raise _none_comes(subscription["customer"])
    return subscriptions.refreshed(account, subscription)


def _of_schedule(account: Account, params: Params) -> Object:
    if params.keys() & {"subscription", "subscription_details"}:
        raise ApiError.invalid("You may only specify one of these parameters: schedule, subscription.")
    schedule = account.find("subscription_schedule", params["schedule"], param="schedule")
    if schedule["subscription"] is None:
        raise _none_comes(schedule["customer"])
    return _named(account, schedule["subscription"], params)


def _next_of(account: Account, customer: Object) -> Object:
    """Return the customer's subscription that is billed next."""
    found = []
    for subscription in account.store.scan("subscription", index=("customer", customer["id"])):
        moment = subscription_state.next_due_time(subscription, now=account.now)
        if moment is not None and subscription["status"] != "incomplete":
            found.append((moment, subscription["id"]))
    if not found:
        raise _none_comes(customer["id"])
    return subscriptions.refreshed(account, account.find("subscription", min(found)[1]))


def _changes(params: Params, details: Params) -> dict[str, Any]:
    """Return the parameters of the update that is previewed."""
    limits.refuse_unsupported(details, *sorted(details.keys() - CHANGES - {"cancel_now"}))
    if "proration_date" in details:
        _check_proration_date(details)
    changes = {name: details[name] for name in details.keys() & CHANGES}
    if params.get("preview_mode") == "recurring":
        changes = {**changes, "proration_behavior": "none"}
        changes.pop("proration_date", None)
    if "discounts" in params:
        changes["discounts"] = params["discounts"]
    return changes if changes.keys() - {"proration_behavior", "proration_date"} else {}


def _check_proration_date(details: Params) -> None:
    if details.get("proration_behavior") == "none":
        raise ApiError.invalid(
            "You cannot specify `subscription_details.proration_date` with `proration_behavior=none`.",
            param="subscription_details[proration_date]",
        )


def _proration_date(account: Account, details: Params) -> int | None:
    """Return the moment that the previewed prorations are counted from, if the preview makes any."""
    if details.get("proration_behavior") == "none" or not details.keys() & {"items", "trial_end", "cancel_now"}:
        return None
    date: int = details.get("proration_date", account.now)
    return date


def _none_comes(customer_id: str) -> ApiError:
    return ApiError(f"No upcoming invoices for customer: {customer_id}", status=404, code="invoice_upcoming_none")


ROUTES: Routes = [("POST", "/v1/invoices/create_preview", create)]

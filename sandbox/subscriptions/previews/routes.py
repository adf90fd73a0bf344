"""The `/v1/invoices/create_preview` route: the next invoice of a subscription, after a change or of a new one."""

from copy import deepcopy
from typing import Any

from sandbox.core.account import Account, Rehearsal
from sandbox.core.dry_run import dry_run
from sandbox.core.errors import ApiError, within
from sandbox.core.store import Object
from sandbox.core.visibility import SHOWN_OF_NESTED_LISTS
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import prorations, subscription_state
from sandbox.subscriptions import create_request, renewals
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.changes import request as change_request
from sandbox.subscriptions.previews import next_invoice, shapes

DETAILS = "subscription_details"
SUPPORTED = frozenset({"customer", "discounts", "preview_mode", "schedule", "subscription", DETAILS})
LINES_KIND = "_preview"
LINES_KEPT_SECONDS = 86400
CHANGE_DETAILS = frozenset(
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
NEW_SUBSCRIPTION_DETAILS = frozenset({"billing_mode", "items", "metadata", "trial_end"})


def create(account: Account, params: Params) -> Object:
    """Return the next invoice after the change that the request describes, and save only its lines, for their URL.

    Raises ApiError if the change itself would be refused, and ApiError (404) if there would be no next invoice.
    """
    limits.refuse_unsupported(params, *sorted(params.keys() - SUPPORTED))
    details = params.get(DETAILS, {})
    subscription = _subscription(account, params)
    if subscription is None:
        preview = _preview_new_subscription(account, params, details)
    else:
        preview = _preview_change(account, subscription, params, details)
    return _with_lines_kept(account, preview)


def _with_lines_kept(account: Account, preview: Object) -> Object:
    """Save the lines of a long preview for invoices' `lines` route, and delete those of earlier days."""
    for old in list(account.store.scan(LINES_KIND, created=(None, account.now - LINES_KEPT_SECONDS))):
        account.store.purge(LINES_KIND, old["id"])
    if len(preview["lines"]["data"]) > SHOWN_OF_NESTED_LISTS:
        kept = {"object": LINES_KIND, "id": preview["id"], "created": account.now, "lines": preview["lines"]}
        account.store.put(kept)
    return preview


def _preview_change(account: Account, subscription: Object, params: Params, details: Params) -> Object:
    changes = _changes(params, details)
    latest_before = subscription["latest_invoice"]
    items_before = set(prorations.new_items(account, subscription, set()))
    with dry_run(account) as rehearsal:
        tried = deepcopy(subscription)
        if params.get("preview_mode") == "recurring":
            prorations.delete_pending(account, tried)
        if details.get("cancel_now"):
            drafted = _final_invoice(account, rehearsal, tried, details)
        else:
            if changes:
                with within(DETAILS, members=details):
                    change_request.apply(account, tried, changes)
            drafted = next_invoice.next_invoice(account, rehearsal, tried, latest_before=latest_before)
        new_items = prorations.new_items(account, tried, items_before)
    if drafted is None:
        raise _no_upcoming_invoice(subscription["customer"])
    return shapes.preview(drafted, proration_date=_proration_date(account, details), new_items=new_items)


def _preview_new_subscription(account: Account, params: Params, details: Params) -> Object:
    """Return the first invoice of a new subscription."""
    limits.refuse_unsupported(details, *sorted(details.keys() - NEW_SUBSCRIPTION_DETAILS), within=DETAILS)
    members = {name: params[name] for name in params.keys() & {"customer", "discounts"}}
    with dry_run(account) as rehearsal:
        with within(DETAILS, members=details):
            started = create_request.start(account, {**details, **members, "payment_behavior": "default_incomplete"})
        if started["latest_invoice"] is None:  # All items are metered: the first invoice is that of the next period.
            drafted = next_invoice.next_invoice(account, rehearsal, started, latest_before=None)
        else:
            drafted = next_invoice.as_drafted(rehearsal, started["latest_invoice"])
    if drafted is None:
        raise _no_upcoming_invoice(params["customer"])
    return shapes.preview(drafted, proration_date=None, new_items={})


def _final_invoice(account: Account, rehearsal: Rehearsal, subscription: Object, details: Params) -> Object | None:
    """Return the invoice of canceling now, or None if there is nothing to bill. Call it only in a dry run."""
    latest_before = subscription["latest_invoice"]
    if details.get("proration_behavior", "create_prorations") != "none":
        prorations.credit_everything(account, subscription, since=_proration_date(account, details) or account.now)
    renewals.bill_now(account, subscription, billed=renewals.usage_lines(account, subscription))
    latest = subscription["latest_invoice"]
    return next_invoice.as_drafted(rehearsal, latest) if latest != latest_before else None


def _subscription(account: Account, params: Params) -> Object | None:
    """Return the named subscription, else the customer's next one to be billed; None to preview a new one."""
    if "schedule" in params:
        return _subscription_of_schedule(account, params)
    if "subscription" in params:
        return _subscription_by_id(account, params["subscription"], params)
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    if "items" in params.get(DETAILS, {}):
        return None
    return _next_to_be_billed(account, customer)


def _subscription_by_id(account: Account, subscription_id: str, params: Params) -> Object:
    subscription = account.find("subscription", subscription_id, param="subscription")
    if params.get("customer", subscription["customer"]) != subscription["customer"]:
        raise ApiError.invalid(
            f"Customer {params['customer']} does not have a subscription with ID {subscription_id}",
            param="subscription",
            code="resource_missing",
        )
    if subscription_state.has_ended(subscription):
        raise _no_upcoming_invoice(subscription["customer"])
    return subscriptions.with_current_prices(account, subscription)


def _subscription_of_schedule(account: Account, params: Params) -> Object:
    if params.keys() & {"subscription", DETAILS}:
        raise ApiError.invalid("You may only specify one of these parameters: schedule, subscription.")
    schedule = account.find("subscription_schedule", params["schedule"], param="schedule")
    if schedule["subscription"] is None:
        raise _no_upcoming_invoice(schedule["customer"])
    return _subscription_by_id(account, schedule["subscription"], params)


def _next_to_be_billed(account: Account, customer: Object) -> Object:
    """Return the customer's subscription with the earliest next invoice."""
    found = []
    for subscription in account.store.scan("subscription", index=("customer", customer["id"])):
        moment = subscription_state.next_due_time(subscription, now=account.now)
        if moment is not None and subscription["status"] != "incomplete":
            found.append((moment, subscription["id"]))
    if not found:
        raise _no_upcoming_invoice(customer["id"])
    return subscriptions.with_current_prices(account, account.find("subscription", min(found)[1]))


def _changes(params: Params, details: Params) -> dict[str, Any]:
    """Return the parameters of `subscriptions.update` to preview; empty if the request changes nothing."""
    limits.refuse_unsupported(details, *sorted(details.keys() - CHANGE_DETAILS - {"cancel_now"}), within=DETAILS)
    if "proration_date" in details:
        _check_proration_date(details)
    changes = {name: details[name] for name in details.keys() & CHANGE_DETAILS}
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
    """Return the moment from which the preview prorates, or None if it has no prorations."""
    if details.get("proration_behavior") == "none" or not details.keys() & {"items", "trial_end", "cancel_now"}:
        return None
    date: int = details.get("proration_date", account.now)
    return date


def _no_upcoming_invoice(customer_id: str) -> ApiError:
    return ApiError(f"No upcoming invoices for customer: {customer_id}", status=404, code="invoice_upcoming_none")


ROUTES: Routes = [("POST", "/v1/invoices/create_preview", create)]

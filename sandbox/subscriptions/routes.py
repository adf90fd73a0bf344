"""Subscriptions as the API shows them; their life is in rules.py and renewals.py."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import prorations, subscription_state
from sandbox.subscriptions import renewals, rules, start_request
from sandbox.subscriptions.changes import request as change_request

ENDED = "A canceled subscription can only update its cancellation_details and metadata."
ALWAYS_CHANGEABLE = frozenset({"cancellation_details", "metadata"})


def create(account: Account, params: Params) -> Object:
    """Start a subscription and try to collect its first invoice, as `payment_behavior` says."""
    return start_request.start(account, params)


def retrieve(account: Account, _params: Params, subscription_id: str) -> Object:
    return rules.refreshed(account, account.find("subscription", subscription_id))


def update(account: Account, params: Params, subscription_id: str) -> Object:
    """Change what the request names; of an ended subscription only what was said about its end."""
    subscription = rules.refreshed(account, account.find("subscription", subscription_id))
    if subscription_state.has_ended(subscription) and params.keys() - ALWAYS_CHANGEABLE:
        raise ApiError.invalid(ENDED)
    return change_request.update(account, subscription, params)


def cancel(account: Account, params: Params, subscription_id: str) -> Object:
    """End the subscription now, and its schedule with it; an ended one Stripe does not know.

    `prorate` credits the time that is left, `invoice_now` bills what waits. With neither, prorations that wait are
    deleted, so that what an upgrade still owes is never billed; with `prorate` alone they go on waiting.
    """
    subscription = account.find("subscription", subscription_id)
    if subscription_state.has_ended(subscription):
        raise ApiError.missing("subscription", subscription_id)
    rules.refreshed(account, subscription)
    if params.get("prorate"):
        prorations.credit_everything(account, subscription, since=account.now)
    if params.get("invoice_now"):
        renewals.bill_now(account, subscription)
    details = change_request.cancellation_details(params, reason="cancellation_requested")
    rules.end(account, subscription, details=details, drops_prorations=not params.get("prorate"))
    return subscription


def resume(account: Account, params: Params, subscription_id: str) -> Object:
    """Let a paused subscription go on, from now unless its billing date is to stay."""
    subscription = rules.refreshed(account, account.find("subscription", subscription_id))
    if params.get("payment_behavior") == "resume_on_payment_success":
        raise ApiError.unsupported_parameter("payment_behavior")
    if subscription["status"] != "paused":
        raise ApiError.invalid(
            f"Only a paused subscription can be resumed; this one's status is `{subscription['status']}`."
        )
    renewals.resume(
        account,
        subscription,
        begins_anew=params.get("billing_cycle_anchor", {}).get("type") != "unchanged",
        behavior=params.get("proration_behavior", "create_prorations"),
        since=params.get("proration_date", account.now),
    )
    return subscription


def list_all(account: Account, params: Params) -> Object:
    """List subscriptions; canceled ones only when `status` asks for them."""
    limits.refuse_unsupported(params, "automatic_tax", "customer_account", "plan", "test_clock")
    index = next(((name, params[name]) for name in ("customer", "price") if name in params), None)
    page = listing.page(
        account,
        "subscription",
        params,
        index=index,
        where=lambda subscription: _is_wanted(subscription, params),
    )
    for subscription in page["data"]:
        rules.refreshed(account, subscription)
    return page


@provides("customer", "subscriptions")
def of_customer(account: Account, customer: Object) -> Object:
    """Return the subscriptions that a customer shows when asked for them."""
    listed = list_all(account, {"customer": customer["id"]})
    return listed | {"url": f"/v1/customers/{customer['id']}/subscriptions"}


def _is_wanted(subscription: Object, params: Params) -> bool:
    items = subscription["items"]["data"]
    return (
        _has_status(subscription, params.get("status"))
        and listing.matches(subscription, listing.given(params, "collection_method", "customer"))
        and ("price" not in params or any(item["price"]["id"] == params["price"] for item in items))
        and all(
            any(_within(item[name], params[name]) for item in items)
            for name in ("current_period_start", "current_period_end")
            if name in params
        )
    )


def _has_status(subscription: Object, wanted: str | None) -> bool:
    status = subscription["status"]
    match wanted:
        case "all":
            return True
        case "ended":
            return status in subscription_state.ENDED
        case None:
            return bool(status != "canceled")
        case _:
            return bool(status == wanted)


def _within(moment: int, wanted: Any) -> bool:
    first, last = listing.created_range(wanted)
    return (first is None or moment >= first) and (last is None or moment <= last)


ROUTES: Routes = [
    ("POST", "/v1/subscriptions", create),
    ("GET", "/v1/subscriptions", list_all),
    ("GET", "/v1/subscriptions/<subscription_id>", retrieve),
    ("POST", "/v1/subscriptions/<subscription_id>", update),
    ("DELETE", "/v1/subscriptions/<subscription_id>", cancel),
    ("POST", "/v1/subscriptions/<subscription_id>/resume", resume),
]

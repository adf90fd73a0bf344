"""The `/v1/subscriptions` routes. rules.py starts and ends a subscription, renewals.py bills its periods."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Index, Object
from sandbox.http import limits, listing
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import prorations, subscription_state
from sandbox.subscriptions import create_request, renewals, rules, shared_parameters
from sandbox.subscriptions.changes import request as change_request
from sandbox.subscriptions.schedules import rules as schedules

MIGRATABLE = frozenset({"active", "past_due", "trialing", "unpaid", "paused"})
ENDED_MESSAGE = "A canceled subscription can only update its cancellation_details and metadata."
STATUSES = frozenset(
    {"incomplete", "incomplete_expired", "trialing", "active", "past_due", "unpaid", "paused", "canceled"}
)
ALWAYS_CHANGEABLE = frozenset({"cancellation_details", "metadata"})
INCOMPLETE_MESSAGE = "An `incomplete` subscription can only update its metadata and default payment method or source."
CHANGEABLE_WHEN_INCOMPLETE = ALWAYS_CHANGEABLE | {"default_payment_method", "default_source", "payment_settings"}


def create(account: Account, params: Params) -> Object:
    """Start a subscription; `payment_behavior` decides how its first invoice is collected."""
    return create_request.start(account, params)


def retrieve(account: Account, _params: Params, subscription_id: str) -> Object:
    return rules.with_current_prices(account, account.find("subscription", subscription_id))


def update(account: Account, params: Params, subscription_id: str) -> Object:
    """Change the subscription; an ended or incomplete one only in a few members."""
    subscription = rules.with_current_prices(account, account.find("subscription", subscription_id))
    if subscription_state.has_ended(subscription) and params.keys() - ALWAYS_CHANGEABLE:
        raise ApiError.invalid(ENDED_MESSAGE)
    if subscription["status"] == "incomplete" and params.keys() - CHANGEABLE_WHEN_INCOMPLETE:
        raise ApiError.invalid(INCOMPLETE_MESSAGE)
    return change_request.update(account, subscription, params)


def cancel(account: Account, params: Params, subscription_id: str) -> Object:
    """Cancel the subscription now, together with its schedule. Raises 404 if it has already ended, as Stripe does.

    `prorate` credits the unused time; `invoice_now` bills the pending invoice items. Without `prorate`, pending
    prorations that were not invoiced are deleted, including charges for an earlier upgrade; with `prorate` they stay
    pending.
    """
    subscription = account.find("subscription", subscription_id)
    if subscription_state.has_ended(subscription):
        raise ApiError.missing("subscription", subscription_id)
    rules.with_current_prices(account, subscription)
    account.change(subscription, {"cancel_at": None, "cancel_at_period_end": False})
    if params.get("prorate"):
        prorations.credit_everything(account, subscription, since=account.now)
    if params.get("invoice_now"):
        renewals.bill_now(account, subscription, billed=renewals.usage_lines(account, subscription))
    details = change_request.cancellation_details(params, reason="cancellation_requested")
    rules.end(account, subscription, details=details, deletes_prorations=not params.get("prorate"))
    return subscription


def migrate(account: Account, params: Params, subscription_id: str) -> Object:
    """Move the subscription to the flexible billing mode; there is no way back.

    Pending prorations stay as they are: https://docs.stripe.com/billing/subscriptions/billing-mode
    """
    subscription = rules.with_current_prices(account, account.find("subscription", subscription_id))
    mode = shared_parameters.billing_mode(params["billing_mode"])
    if subscription["billing_mode"]["type"] == "flexible":
        raise ApiError.invalid("The subscription's `billing_mode` is already `flexible`.", param="billing_mode[type]")
    if subscription["status"] not in MIGRATABLE:
        raise ApiError.invalid(
            f"A subscription in the `{subscription['status']}` status can't be migrated to another `billing_mode`."
        )
    changes = {"billing_mode": {**mode, "updated_at": account.now}}
    subscription_state.save(account, subscription, changes, event=subscription_state.UPDATED)
    schedules.set_billing_mode(account, subscription)
    return subscription


def list_all(account: Account, params: Params) -> Object:
    """List subscriptions; canceled ones only if `status` includes them."""
    limits.refuse_unsupported(params, "customer_account")
    page = listing.page(
        account,
        "subscription",
        params,
        index=_index(params),
        where=lambda subscription: _matches_filters(subscription, params),
    )
    if page["data"]:
        rules.with_current_prices(account, *page["data"])
    return page


@provides("customer", "subscriptions")
def of_customer(account: Account, customer: Object) -> Object:
    """Return the subscriptions of a customer, for `expand=["subscriptions"]`."""
    return list_of_customer(account, {}, customer["id"])


def list_of_customer(account: Account, params: Params, customer_id: str) -> Object:
    listed = list_all(account, {**params, "customer": account.find("customer", customer_id)["id"]})
    return listed | {"url": f"/v1/customers/{customer_id}/subscriptions"}


def _index(params: Params) -> Index:
    """Return the filters that core/kinds.py has an index for; without a status, all but canceled ones are listed."""
    index = listing.indexed("subscription", params)
    if "plan" in params:
        index.setdefault("price", params["plan"])
    status = params.get("status")
    if status == "all":
        del index["status"]
    elif status is None:
        index["status"] = STATUSES - {"canceled"}
    elif status == "ended":
        index["status"] = subscription_state.ENDED
    return index


def _matches_filters(subscription: Object, params: Params) -> bool:
    items = subscription["items"]["data"]
    return (
        ("automatic_tax" not in params or _is_taxed(subscription) == params["automatic_tax"]["enabled"])
        and all(
            any(item["price"]["id"] == params[name] for item in items) for name in ("plan", "price") if name in params
        )
        and all(
            any(_within(item[name], params[name]) for item in items)
            for name in ("current_period_start", "current_period_end")
            if name in params
        )
    )


def _is_taxed(subscription: Object) -> bool:
    return bool(subscription["automatic_tax"]["enabled"])


def _within(moment: int, wanted: Any) -> bool:
    first, last = listing.created_range(wanted)
    return (first is None or moment >= first) and (last is None or moment <= last)


ROUTES: Routes = [
    ("POST", "/v1/subscriptions", create),
    ("GET", "/v1/subscriptions", list_all),
    ("GET", "/v1/customers/<customer_id>/subscriptions", list_of_customer),
    ("GET", "/v1/subscriptions/<subscription_id>", retrieve),
    ("POST", "/v1/subscriptions/<subscription_id>", update),
    ("DELETE", "/v1/subscriptions/<subscription_id>", cancel),
    ("POST", "/v1/subscriptions/<subscription_id>/migrate", migrate),
]

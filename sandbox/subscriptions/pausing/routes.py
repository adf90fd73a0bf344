"""The calls that pause and resume a subscription."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices import subscription_state
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.pausing import eligibility, rules
from sandbox.subscriptions.pausing.rules import Resumption


def pause(account: Account, params: Params, subscription_id: str) -> Object:
    """Pause the subscription now; `bill_for` says what is credited, `invoicing_behavior` when that is invoiced."""
    subscription = subscriptions.with_current_prices(account, account.find("subscription", subscription_id))
    if refusal := eligibility.why_not(subscription):
        raise ApiError.invalid(refusal)
    eligibility.refuse_to_bill_usage(subscription, params.get("bill_for", {}), path="bill_for")
    rules.pause(
        account,
        subscription,
        reason="pause_requested",
        credited_from=params.get("bill_for", {}).get("unused_time_from", {"type": "now"})["type"],
        invoices_now=params.get("invoicing_behavior") == "invoice",
    )
    return subscription


def resume(account: Account, params: Params, subscription_id: str) -> Object:
    """Resume a paused subscription; a new billing period starts now unless `billing_cycle_anchor` is "unchanged".

    Raises ApiError (402) if `payment_behavior` is "resume_on_payment_success" and the payment fails; the subscription
    then stays paused, and the payment is retried.
    """
    subscription = subscriptions.with_current_prices(account, account.find("subscription", subscription_id))
    _check_resumable(subscription)
    wanted = Resumption(
        resets_anchor=params.get("billing_cycle_anchor", {}).get("type") != "unchanged",
        behavior=params.get("proration_behavior", "create_prorations"),
        since=params.get("proration_date", account.now),
        needs_success=params.get("payment_behavior") == "resume_on_payment_success",
    )
    if wanted.needs_success and subscription_state.payment_method(account, subscription) is None:
        raise ApiError.invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a "
            "default payment method.",
            code="resource_missing",
        )
    if decline := rules.resume(account, subscription, wanted):
        raise decline.error()
    return subscription


def _check_resumable(subscription: Object) -> None:
    if subscription["status"] != "paused":
        raise ApiError.invalid(
            f"Only a paused subscription can be resumed; this one's status is `{subscription['status']}`."
        )
    if subscription["collection_method"] != "charge_automatically":
        raise ApiError.invalid("Only subscriptions with `collection_method=charge_automatically` can be resumed.")


ROUTES: Routes = [
    ("POST", "/v1/subscriptions/<subscription_id>/pause", pause),
    ("POST", "/v1/subscriptions/<subscription_id>/resume", resume),
]

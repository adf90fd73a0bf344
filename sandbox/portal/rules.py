"""The customers' actions in the billing portal: cancel, resume, change the card."""

from dataclasses import dataclass

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.invoices.subscription_state import UPDATED
from sandbox.payments import card_entry
from sandbox.payments import rules as payments
from sandbox.payments.card_entry import TypedCard
from sandbox.payments.shapes import billing_details
from sandbox.subscriptions import routes as subscription_routes
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.changes import request as change_request


@dataclass(frozen=True)
class Visit:
    """A portal session with its customer and the features of its configuration."""

    session: Object
    customer: Object
    features: Object

    @property
    def cancels_at_once(self) -> bool:
        return bool(self.features["subscription_cancel"]["mode"] == "immediately")


def visit(account: Account, session_id: str) -> Visit:
    """Return the visit for a session id. Raises ApiError (404) if the session is unknown or its customer deleted."""
    session = account.find("billing_portal.session", session_id)
    configuration = account.find("billing_portal.configuration", session["configuration"])
    return Visit(session, account.find("customer", session["customer"]), configuration["features"])


def running_subscriptions(account: Account, visit: Visit) -> list[Object]:
    """Return the customer's subscriptions that have not ended, newest first."""
    found = list(account.store.scan("subscription", index=("customer", visit.customer["id"])))
    return [
        subscriptions.with_current_prices(account, each) for each in found if not subscription_state.has_ended(each)
    ]


def subscription(account: Account, visit: Visit, subscription_id: str | None) -> Object:
    """Return the named subscription of the customer, or their only one.

    Raises ApiError: 404 for an ended subscription or another customer's, 400 if the customer has several and
    `subscription_id` is None.
    """
    found = running_subscriptions(account, visit)
    if subscription_id is None and len(found) != 1:
        raise ApiError.missing_parameter("subscription")
    for each in found:
        if subscription_id in {None, each["id"]}:
            return each
    raise ApiError.missing("subscription", str(subscription_id))


def cancel(account: Account, visit: Visit, subscription_id: str | None, *, feedback: str | None = None) -> Object:
    """Cancel at the end of the period, or immediately if the configuration says so.

    In the flexible billing mode Stripe sets only `cancel_at`, in the classic mode `cancel_at_period_end` too:
    https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    """
    if not visit.features["subscription_cancel"]["enabled"]:
        raise ApiError.invalid("This portal does not let customers cancel.")
    chosen = subscription(account, visit, subscription_id)
    details = {"cancellation_details": {"feedback": feedback}} if feedback else {}
    if visit.cancels_at_once:
        prorate = visit.features["subscription_cancel"]["proration_behavior"] == "create_prorations"
        return subscription_routes.cancel(account, {"prorate": prorate, **details}, chosen["id"])
    if chosen["cancel_at"] is not None:
        raise ApiError.invalid("This subscription is already set to be canceled.")
    if chosen["billing_mode"]["type"] == "classic":
        return change_request.update(account, chosen, {"cancel_at_period_end": True, **details})
    return change_request.update(account, chosen, {"cancel_at": "max_period_end", **details})


def resume(account: Account, visit: Visit, subscription_id: str | None) -> Object:
    """Remove the scheduled end of a subscription."""
    chosen = subscription(account, visit, subscription_id)
    if chosen["cancel_at"] is None:
        raise ApiError.invalid("This subscription is not set to be canceled.")
    return change_request.update(account, chosen, {"cancel_at_period_end": False})


def change_card(account: Account, visit: Visit, typed: TypedCard, *, name: str | None = None) -> Object:
    """Save the card as the default of the customer and of each subscription that has a card of its own.

    Open invoices are paid with it at their next retry. Raises ApiError (402) if the card can't be saved.
    """
    if not visit.features["payment_method_update"]["enabled"]:
        raise ApiError.invalid("This portal does not let customers change their card.")
    card, expiry = card_entry.read(account, typed)
    if refusal := card.refusal_when_saved():
        raise refusal.error()
    customer = visit.customer
    payer = billing_details(email=customer["email"], name=name or customer["name"])
    method = payments.attach(account, payments.new_card(account, card, payer=payer, expiry=expiry), customer["id"])
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    account.change(customer, {"invoice_settings": settings}, event="customer.updated")
    for each in running_subscriptions(account, visit):
        if each["default_payment_method"]:
            subscription_state.save(account, each, {"default_payment_method": method["id"]}, event=UPDATED)
    return method


def default_payment_method(account: Account, visit: Visit) -> Object | None:
    """Return the customer's default payment method, else that of their newest subscription that has one."""
    methods = [visit.customer["invoice_settings"]["default_payment_method"]]
    methods += [each["default_payment_method"] for each in running_subscriptions(account, visit)]
    return next((found for each in methods if each and (found := account.get("payment_method", each))), None)

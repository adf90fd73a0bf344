"""The customer's cards: add one, make one the default, remove one."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.invoices.subscription_state import UPDATED
from sandbox.payments import card_entry, payment_method_routes
from sandbox.payments import rules as payments
from sandbox.payments.card_entry import TypedCard
from sandbox.payments.shapes import billing_details
from sandbox.portal import visits
from sandbox.portal.visits import Visit


def add(account: Account, visit: Visit, typed: TypedCard, *, name: str | None = None) -> Object:
    """Save the card as the default of the customer and of each subscription that has a card of its own.

    Open invoices are paid with it at their next retry. Raises ApiError (402) if the card can't be saved.
    """
    _require_enabled(visit)
    card, expiry = card_entry.read(account, typed)
    if refusal := card.refusal_when_saved():
        raise refusal.error()
    customer = visit.customer
    payer = billing_details(email=customer["email"], name=name or customer["name"])
    method = payments.attach(account, payments.new_card(account, card, payer=payer, expiry=expiry), customer["id"])
    return _set_default(account, visit, method)


def make_default(account: Account, visit: Visit, method_id: str) -> Object:
    """Pay with this saved payment method from now on."""
    _require_enabled(visit)
    return _set_default(account, visit, _owned(account, visit, method_id))


def remove(account: Account, visit: Visit, method_id: str) -> Object:
    """Remove a saved payment method; not the default while it pays for a subscription."""
    _require_enabled(visit)
    _owned(account, visit, method_id)
    default = default_method(account, visit)
    if default and default["id"] == method_id and visits.running_subscriptions(account, visit):
        raise ApiError.invalid("Your default card pays for your subscription. Choose another default first.")
    for each in visits.running_subscriptions(account, visit):
        if each["default_payment_method"] == method_id:
            subscription_state.save(account, each, {"default_payment_method": None}, event=UPDATED)
    return payment_method_routes.detach(account, {}, method_id)


def saved(account: Account, visit: Visit) -> list[Object]:
    """Return the customer's payment methods, newest first."""
    return list(account.store.scan("payment_method", index=("customer", visit.customer["id"])))


def default_method(account: Account, visit: Visit) -> Object | None:
    """Return the customer's default payment method, else that of their newest subscription that has one."""
    methods = [visit.customer["invoice_settings"]["default_payment_method"]]
    methods += [each["default_payment_method"] for each in visits.running_subscriptions(account, visit)]
    return next((found for each in methods if each and (found := account.get("payment_method", each))), None)


def _require_enabled(visit: Visit) -> None:
    if not visit.features["payment_method_update"]["enabled"]:
        raise ApiError.invalid("This portal does not let customers change their card.")


def _owned(account: Account, visit: Visit, method_id: str) -> Object:
    method = account.find("payment_method", method_id)
    if method["customer"] != visit.customer["id"]:
        raise ApiError.missing("payment_method", method_id)
    return method


def _set_default(account: Account, visit: Visit, method: Object) -> Object:
    customer = visit.customer
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    account.change(customer, {"invoice_settings": settings}, event="customer.updated")
    for each in visits.running_subscriptions(account, visit):
        if each["default_payment_method"]:
            subscription_state.save(account, each, {"default_payment_method": method["id"]}, event=UPDATED)
    return method

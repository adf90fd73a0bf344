"""Routes of payment methods: attach them to customers, also by the ids of test cards (`pm_card_visa`)."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments import cards, rules
from sandbox.payments.shapes import billing_details


def retrieve(account: Account, _params: Params, method_id: str) -> Object:
    return account.find("payment_method", method_id)


def list_all(account: Account, params: Params) -> Object:
    """List attached payment methods, of one customer if `customer` is given."""
    limits.refuse_unsupported(params, "customer_account")
    wanted = listing.given(params, "allow_redisplay", "type")
    return listing.page(
        account,
        "payment_method",
        params,
        index=("customer", params["customer"]) if "customer" in params else None,
        where=lambda method: method["customer"] is not None and listing.matches(method, wanted),
    )


def list_of_customer(account: Account, params: Params, customer_id: str) -> Object:
    account.find("customer", customer_id)
    listed = list_all(account, {**params, "customer": customer_id})
    return listed | {"url": f"/v1/customers/{customer_id}/payment_methods"}


def attach(account: Account, params: Params, method_id: str) -> Object:
    """Attach a payment method to a customer; a `pm_card_…` id creates a new card each time.

    Raises ApiError (402) for a card that is declined when it is attached.
    """
    limits.refuse_unsupported(params, "customer_account")
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    return attached(account, method_id, customer, param="id")


def detach(account: Account, _params: Params, method_id: str) -> Object:
    """Detach a payment method from its customer; Stripe does not let it be attached again."""
    method = account.find("payment_method", method_id)
    if method["customer"] is None:
        raise ApiError.invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible."
        )
    customer = account.find("customer", method["customer"])
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method_id:
        changes = {"invoice_settings": {**settings, "default_payment_method": None}}
        account.change(customer, changes, event="customer.updated")
    account.change(method, {"customer": None})
    account.emit("payment_method.detached", method, previous={"customer": customer["id"]})
    return method


def attached(account: Account, method_id: str, customer: Object, *, param: str) -> Object:
    """Return the payment method, attached to the customer.

    Raises ApiError if it belongs to another customer, or is a card that is declined when it is attached.
    """
    if alias := cards.BY_ALIAS.get(method_id):
        return _from_alias(account, alias, customer)
    method = account.find("payment_method", method_id, param=param)
    if method["customer"] == customer["id"]:
        return method
    if method["customer"] is not None:
        raise ApiError.invalid("The payment method you provided has already been attached to a customer.", param=param)
    return rules.attach(account, method, customer["id"])


def _from_alias(account: Account, card: cards.Card, customer: Object) -> Object:
    if refusal := card.refusal_when_saved():
        raise refusal.error()
    payer = billing_details(email=customer["email"], name=customer["name"])
    method = rules.new_card(account, card, payer=payer, expiry=cards.default_expiry(account.now))
    return rules.attach(account, method, customer["id"])


ROUTES: Routes = [
    ("GET", "/v1/payment_methods", list_all),
    ("GET", "/v1/payment_methods/<method_id>", retrieve),
    ("POST", "/v1/payment_methods/<method_id>/attach", attach),
    ("POST", "/v1/payment_methods/<method_id>/detach", detach),
    ("GET", "/v1/customers/<customer_id>/payment_methods", list_of_customer),
]

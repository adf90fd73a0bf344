"""Routes of payment methods: create them, and attach them to customers, also by test ids (`pm_card_visa`)."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments import method_types, rules
from sandbox.payments.methods import creating, naming


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


def retrieve_of_customer(account: Account, _params: Params, customer_id: str, method_id: str) -> Object:
    account.find("customer", customer_id)
    method = account.find("payment_method", method_id)
    if method["customer"] != customer_id:
        raise ApiError.missing("payment_method", method_id)
    return method


def attach(account: Account, params: Params, method_id: str) -> Object:
    """Attach a payment method to a customer; a `pm_card_…` id creates a new card each time.

    Raises ApiError (402) for a card that is declined when it is attached.
    """
    limits.refuse_unsupported(params, "customer_account")
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    method = naming.find(account, method_id, param="id")
    if method["customer"] not in {None, customer["id"]}:
        raise ApiError.invalid(
            "The payment method you provided has already been attached to a customer.",
            param="id",
            code="payment_method_unexpected_state",
        )
    return _saved(account, method, customer)


def create(account: Account, params: Params) -> Object:
    """Create a payment method of no customer: a card, a bank account or a voucher."""
    return creating.create(account, params)


def update(account: Account, params: Params, method_id: str) -> Object:
    """Change the expiry date of a card, the billing details or the metadata of an attached payment method."""
    return creating.update(account, account.find("payment_method", method_id), params)


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
    account.change(method, {"customer": None, "_was_detached": True})
    account.emit("payment_method.detached", method, previous={"customer": customer["id"]})
    return method


def attached(account: Account, method_id: str, customer: Object, *, param: str) -> Object:
    """Return the customer's payment method; one that a test id names is attached first.

    Raises ApiError if it is not the customer's, or is a card that is declined when it is attached.
    """
    method = naming.find(account, method_id, param=param)
    if method["id"] == method_id and method["customer"] != customer["id"]:
        raise naming.not_the_customers(method_id, param=param)
    return _saved(account, method, customer)


def _saved(account: Account, method: Object, customer: Object) -> Object:
    """Return the method, attached to the customer. Raises ApiError (402) for a card that is declined then."""
    if method["customer"] is not None:
        return method
    naming.require_attachable(method)
    if method["type"] == method_types.CARD and (refusal := rules.card_of(method).refusal_when_saved()):
        raise refusal.error(param=refusal.param or "")
    return rules.attach(account, method, customer["id"])


ROUTES: Routes = [
    ("POST", "/v1/payment_methods", create),
    ("POST", "/v1/payment_methods/<method_id>", update),
    ("GET", "/v1/payment_methods", list_all),
    ("GET", "/v1/payment_methods/<method_id>", retrieve),
    ("POST", "/v1/payment_methods/<method_id>/attach", attach),
    ("POST", "/v1/payment_methods/<method_id>/detach", detach),
    ("GET", "/v1/customers/<customer_id>/payment_methods", list_of_customer),
    ("GET", "/v1/customers/<customer_id>/payment_methods/<method_id>", retrieve_of_customer),
]

"""Routes of payment intents."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments import rules
from sandbox.payments.intents import confirming, request
from sandbox.payments.intents.confirming import Attempt, unexpected

CHANGEABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
FIXED = {"amount", "currency", "customer", "payment_method"}
CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)


def create(account: Account, params: Params) -> Object:
    """Create a payment intent; `confirm` collects it at once.

    Raises ApiError: 400 for an amount that can't be charged or a wrong payment method, 402 if the payment is declined.
    """
    params = request.given(params, request.MEMBERS | request.ONLY_WHEN_CREATED)
    confirms = params.get("confirm", False)
    for name in ("error_on_requires_action", "off_session", "return_url"):
        if name in params and not confirms:
            raise ApiError.invalid(f"The parameter `{name}` can be passed only with `confirm=true`.", param=name)
    intent = request.new(account, params)
    method = request.method(account, intent, params)
    if method:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    account.add(intent, event="payment_intent.created")
    if confirms:
        confirming.confirm(account, intent, method, Attempt.from_request(params))
    return intent


def retrieve(account: Account, params: Params, intent_id: str) -> Object:
    limits.refuse_unsupported(params, "client_secret")
    return account.find("payment_intent", intent_id)


def list_all(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, "customer_account")
    return listing.page(
        account,
        "payment_intent",
        params,
        index=("customer", params["customer"]) if "customer" in params else None,
    )


def update(account: Account, params: Params, intent_id: str) -> Object:
    """Change an intent; of one that has been confirmed only texts, metadata and shipping."""
    params = request.given(params, request.MEMBERS)
    intent = account.find("payment_intent", intent_id)
    if intent["status"] not in CHANGEABLE and (late := params.keys() & FIXED):
        raise unexpected(
            intent,
            f"This PaymentIntent's {min(late)} could not be updated because it has a status of {intent['status']}. "
            f"You may only update the {min(late)} of a PaymentIntent with one of the following statuses: "
            f"{', '.join(CHANGEABLE)}.",
        )
    account.change(intent, request.changes(account, intent, params))
    if method := request.method(account, intent, params):
        account.change(
            intent, {"next_action": None, "payment_method": method["id"], "status": "requires_confirmation"}
        )
    return intent


def confirm(account: Account, params: Params, intent_id: str) -> Object:
    """Collect the intent, with `payment_method` or the one that it has."""
    params = request.given(params, request.WHEN_CONFIRMED)
    intent = account.find("payment_intent", intent_id)
    account.change(intent, request.changes(account, intent, params))
    method = request.method(account, intent, params)
    confirming.confirm(account, intent, method, Attempt.from_request(params))
    return intent


def capture(account: Account, params: Params, intent_id: str) -> Object:
    """Capture an authorized payment, or `amount_to_capture` of it; the rest is released."""
    params = request.given(params, frozenset({"amount_to_capture", "metadata", "statement_descriptor"}))
    intent = account.find("payment_intent", intent_id)
    if intent["status"] != "requires_capture":
        raise unexpected(
            intent,
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    amount: int = params["amount_to_capture"] if "amount_to_capture" in params else intent["amount_capturable"]
    limits.positive(amount, param="amount_to_capture")
    if amount > intent["amount_capturable"]:
        raise ApiError.invalid(
            "The requested capture amount is greater than the amount you can capture for this charge.",
            param="amount_to_capture",
            code="amount_too_large",
        )
    account.change(intent, request.changes(account, intent, params))
    rules.capture(account, intent, amount=amount)
    confirming.finish(account, intent, None)
    return intent


def cancel(account: Account, params: Params, intent_id: str) -> Object:
    """Cancel an intent that is not paid; an authorized amount is released."""
    intent = account.find("payment_intent", intent_id)
    if next(account.store.scan("invoice_payment", index=("payment_intent", intent_id)), None):
        raise ApiError.invalid(
            "You cannot cancel this PaymentIntent because it was created by an invoice. You should instead void the "
            "invoice.",
            code="payment_intent_invalid_parameter",
        )
    if intent["status"] not in CANCELABLE:
        raise unexpected(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE)}.",
        )
    rules.cancel_intent(account, intent, reason=params.get("cancellation_reason") or None)
    return intent


ROUTES: Routes = [
    ("POST", "/v1/payment_intents", create),
    ("GET", "/v1/payment_intents", list_all),
    ("GET", "/v1/payment_intents/<intent_id>", retrieve),
    ("POST", "/v1/payment_intents/<intent_id>", update),
    ("POST", "/v1/payment_intents/<intent_id>/confirm", confirm),
    ("POST", "/v1/payment_intents/<intent_id>/capture", capture),
    ("POST", "/v1/payment_intents/<intent_id>/cancel", cancel),
]

"""Confirm a payment intent: collect it, or wait for the customer's authentication or for a bank."""

from dataclasses import dataclass
from http import HTTPStatus

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.http.listing import Params
from sandbox.payments import cards, method_types, outcomes, rules
from sandbox.payments.cards import Decline
from sandbox.payments.intents import request
from sandbox.payments.methods import creating

CONFIRMABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}
NO_METHOD = (
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
    "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
    "method or ConfirmationToken."
)
CANT_ACT = (
    "This payment required an authentication action to complete, but `error_on_requires_action` was set. When you're "
    "ready, you can upgrade your integration to handle actions at "
    "https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions."
)


@dataclass(frozen=True)
class Attempt:
    """How a request confirms an intent: whether the customer is away, and what happens if they must act."""

    off_session: bool = False
    refuses_action: bool = False
    return_url: str | None = None

    @classmethod
    def from_request(cls, params: Params) -> "Attempt":
        return cls(
            off_session=params.get("off_session", False) not in {False, ""},
            refuses_action=params.get("error_on_requires_action", False),
            return_url=params.get("return_url"),
        )


def confirm(account: Account, intent: Object, method: Object | None, attempt: Attempt) -> None:
    """Confirm the intent with the payment method, else with its own.

    Raises ApiError: 400 if it can't be confirmed, 402 if the payment is declined.
    """
    _require_confirmable(intent)
    method = method or _own_method(account, intent)
    if method is None:
        raise unexpected(intent, NO_METHOD)
    creating.require_payer(method)
    decline = _collect(account, intent, method, attempt)
    if decline is None and intent["status"] in {"succeeded", "requires_capture", "processing"}:
        request.save_method(account, intent, method)
    if decline is None or intent["status"] == "requires_payment_method":
        finish(account, intent, decline)
    if decline is not None and intent["status"] == "requires_payment_method":
        raise refused(intent, method, decline)


def authenticate(account: Account, intent: Object, *, succeeds: bool) -> Decline | None:
    """End 3-D Secure: charge the card, or fail the payment; return the decline, if any."""
    method = account.find("payment_method", intent["payment_method"])
    if succeeds:
        decline = rules.charge_card(account, intent, method, authenticated=True)
    else:
        decline = rules.fail(account, intent, cards.AUTHENTICATION_FAILED, method)
    if decline is None:
        request.save_method(account, intent, method)
    finish(account, intent, decline)
    return decline


def finish(account: Account, intent: Object, decline: Decline | None) -> None:
    """Tell an invoice or a session that waits for this payment how it ended, unless it has not ended yet."""
    if decline is not None or intent["status"] in {"succeeded", "processing"}:
        outcomes.tell(account, intent, decline)


def refused(intent: Object, method: Object, decline: Decline) -> ApiError:
    """Return the error of a declined payment, with its intent, charge and payment method."""
    charge = (intent["last_payment_error"] or {}).get("charge")
    error = decline.error(charge=charge, payment_intent=public(intent), payment_method=public(method))
    error.status = HTTPStatus.PAYMENT_REQUIRED
    return error


def unexpected(intent: Object, message: str) -> ApiError:
    """Return the error for an intent whose status does not allow the call."""
    return ApiError(message, code="payment_intent_unexpected_state", payment_intent=public(intent))


def _collect(account: Account, intent: Object, method: Object, attempt: Attempt) -> Decline | None:
    if method["type"] != method_types.CARD:
        return rules.collect(account, intent, method, on_session=not attempt.off_session)
    if not rules.card_of(method).asks_authentication(on_session=not attempt.off_session):
        return rules.charge_card(account, intent, method, authenticated=False)
    if attempt.off_session:
        return rules.decline_off_session(account, intent, method)
    if attempt.refuses_action:
        return rules.fail(account, intent, cards.Decline("authentication_required", CANT_ACT), method)
    return rules.require_authentication(account, intent, method, return_url=attempt.return_url)


def _own_method(account: Account, intent: Object) -> Object | None:
    return account.get("payment_method", intent["payment_method"]) if intent["payment_method"] else None


def _require_confirmable(intent: Object) -> None:
    status = intent["status"]
    if status in CONFIRMABLE:
        return
    if status == "succeeded":
        raise unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
        )
    raise unexpected(
        intent,
        f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of "
        "the following statuses may be confirmed: requires_confirmation, requires_action.",
    )

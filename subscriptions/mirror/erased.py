"""Whether an object at Stripe belongs to somebody who was erased here: it must not be stored again."""

from typing import TypeGuard

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway.snapshots import JSON
from subscriptions.mirror import mapping
from subscriptions.models import ErasedCustomer, ErasedObject, Payment


def is_of_erased(obj: JSON, object_name: str) -> bool:
    """Whether the object belongs to somebody who was erased here; it may be malformed.

    Raises StripeUnavailable or StripeMisconfigured if Stripe has to say whose an unknown payment is.
    """
    if object_name in {"refund", "dispute"}:
        return _is_payment_of_erased(obj)
    customer = obj.get("id") if object_name == "customer" else id_in(obj.get("customer"))
    if _is_erased_customer(customer):
        return True
    metadata = obj.get("metadata") if object_name == "customer" else None
    account = metadata.get(mapping.ACCOUNT) if isinstance(metadata, dict) else None
    return _can_be_id(account) and ErasedObject.is_one_of([account])


def id_in(value: object) -> object:
    """Return the id of an object that may be expanded, or malformed."""
    return value.get("id") if isinstance(value, dict) else value


def _is_payment_of_erased(obj: JSON) -> bool:
    """Whether the payment of a refund or dispute was made by an erased customer.

    These name no customer; their payment intent does, and is expanded in lists but not in events.
    """
    payment = obj.get("payment_intent")
    ids = [each for each in (obj.get("id"), id_in(payment), id_in(obj.get("charge"))) if _can_be_id(each)]
    if ErasedObject.is_one_of(ids):
        return True
    if _can_be_id(payment):
        # A purchase's payment is known here; nobody was erased in most installations.
        if Payment.objects.filter(payment_intent_id=payment).exists() or not ErasedCustomer.objects.exists():
            return False
        payment = _payment_at_stripe(payment)
    customer = id_in(payment.get("customer")) if isinstance(payment, dict) else None
    if not _is_erased_customer(customer):
        return False
    ErasedObject.remember(ids)
    return True


def _is_erased_customer(customer: object) -> bool:
    # Anything but an id fails when its column is checked.
    return _can_be_id(customer) and ErasedCustomer.objects.filter(pk=customer).exists()


def _can_be_id(value: object) -> TypeGuard[str]:
    """Whether it could be an id of Stripe's or ours; databases refuse to look for some other texts."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _payment_at_stripe(payment_intent_id: str) -> JSON | None:
    try:
        return gateway.retrieve_payment_intent(payment_intent_id).object
    except StripeMissing:
        return None

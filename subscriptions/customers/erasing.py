"""Deleting a customer for good: every row and stored event of every kind that belongs to them."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Model

from billing import gateway
from billing.errors import StripeMissing
from billing.mirror import registry
from subscriptions.customers import services as customers
from subscriptions.mirror import kinds, refresh, unpaid_orders
from subscriptions.models import Dispute, ErasedCustomer, Payment, ProductClaim, Refund, StatusChange, WebhookEvent

logger = logging.getLogger(__name__)

INACTIVE = "every subscription had ended"


def erase(customer_id: str, *, now: datetime) -> None:
    """Delete a customer at Stripe, which ends their subscriptions there, and all rows and stored events about them.

    Orders that are not paid yet, and subscriptions that begin later, are cancelled first.
    https://docs.stripe.com/api/customers/delete
    After a failure, a second call goes on where the first stopped. Raises StripeUnavailable, StripeMisconfigured.
    """
    for payment in Payment.objects.unpaid().filter(customer=customer_id, access_ended_at=None):
        # Money that came later would be kept without anybody here knowing whose it is.
        if unpaid_orders.cancel(payment, now=now).is_unpaid:
            logger.warning("payment %s of an erased customer may still come: refund it at Stripe", payment)
    for schedule_id in refresh.cancel_not_started(customer_id):
        logger.info("schedule %s of an erased customer was cancelled", schedule_id)
    with suppress(StripeMissing):
        gateway.delete_customer(customer_id)
    _erase_stored_events(customer_id)
    mark_erased(customer_id, reason="erased on request", now=now)
    # Of events that came in meanwhile.
    _erase_stored_events(customer_id)


def is_erased(customer_id: str) -> bool:
    return ErasedCustomer.objects.filter(pk=customer_id).exists()


def mark_inactive_erased(customer_id: str, *, now: datetime, is_active: Callable[[], bool]) -> bool:
    """Delete the rows of a customer who has nothing left; False if they turn out to be active.

    A purchase takes its claim before it looks whether the customer is erased, and here it is the other way round: if
    both happen at once, at least one sees the other and gives way.
    """
    _remember(customer_id, reason=INACTIVE, now=now)
    if is_active():
        forget_inactive_erased(customer_id)
        return False
    mark_erased(customer_id, reason=INACTIVE, now=now)
    return True


def forget_inactive_erased(customer_id: str) -> None:
    """Forget that an inactive customer was to be erased, because they are active."""
    ErasedCustomer.objects.filter(pk=customer_id, reason=INACTIVE).delete()


def mark_erased(customer_id: str, *, reason: str, now: datetime) -> None:
    """Delete a customer's rows here, and remember the id, so that no late event brings the rows back."""
    _remember(customer_id, reason=reason, now=now)
    customers.unlink(customer_id)
    subscription_ids = _keys_of_rows(kinds.SUBSCRIPTION, customer_id)
    StatusChange.objects.filter(subscription_id__in=subscription_ids).delete()
    ProductClaim.objects.filter(customer_id=customer_id).delete()
    _delete_unlinked(customer_id)
    # What belongs to something else is registered after it, and is deleted before it. MongoDB deletes by no join.
    for kind in reversed(registry.all_kinds()):
        if kind.customer_on_row:
            keys = _keys_of_rows(kind, customer_id)
            _forget_names_in_log(kind.model, keys)
            kind.model._default_manager.filter(pk__in=keys).delete()


def _delete_unlinked(customer_id: str) -> None:
    """Delete refunds and disputes that do not name the customer yet, but whose payment is the customer's."""
    intents = Payment.objects.filter(customer=customer_id).exclude(payment_intent_id="")
    ids = list(intents.order_by().values_list("payment_intent_id", flat=True))
    for model in (Refund, Dispute):
        model._default_manager.filter(payment_intent_id__in=ids, customer=None).delete()


def _forget_names_in_log(model: type[Model], keys: list[object]) -> None:
    """Call the rows in the admin's log by their ids: a customer is called by its address there."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    entries.filter(object_id__in=[str(key) for key in keys]).update(object_repr=F("object_id"))


def _remember(customer_id: str, *, reason: str, now: datetime) -> None:
    ErasedCustomer.objects.get_or_create(pk=customer_id, defaults={"erased_at": now, "reason": reason})


def _keys_of_rows(kind: registry.Kind[registry.Row], customer_id: str) -> list[object]:
    rows = kind.model._default_manager.filter(**{kind.customer_on_row: customer_id})
    return list(rows.order_by().values_list("pk", flat=True))


def _erase_stored_events(customer_id: str) -> None:
    """Remove the content of events about a customer; where the content does not name them, their rows do."""
    for field in {kind.customer_in_payload for kind in registry.all_kinds()} - {""}:
        _empty(f"payload__data__object__{field}", customer_id)
    for kind in registry.all_kinds():
        if kind.customer_on_row and not kind.customer_in_payload:
            for stripe_id in _keys_of_rows(kind, customer_id):
                _empty("payload__data__object__id", stripe_id)
    # Thin events have no content but the id.
    for stripe_id in (customer_id, *_keys_of_rows(kinds.SUBSCRIPTION, customer_id)):
        _empty("payload__related_object__id", stripe_id)


def _empty(path: str, value: object) -> None:
    erased = {"payload": {}, "error": "", "state": WebhookEvent.State.IGNORED}
    WebhookEvent.objects.filter(**{path: value}).update(**erased)

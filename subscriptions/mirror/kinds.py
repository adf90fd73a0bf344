"""The kinds of rows that copy what people have at Stripe. How an object becomes columns is in mapping.py.

`billing.mirror.engine` decides whether a state is news and writes it. No other module writes mirrored fields.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from billing import gateway
from billing.gateway.snapshots import JSON, Snapshot
from billing.mirror.engine import (
    Cause,
    Kind,
    Mirrored,
    apply_events,
    capture,
    find,
    id_of,
    offer,
)
from subscriptions.mirror import mapping
from subscriptions.models import (
    CheckoutSession,
    Customer,
    Invoice,
    Payment,
    Refund,
    StatusChange,
    Subscription,
    SubscriptionSchedule,
    Tombstone,
)

__all__ = [
    "CUSTOMER",
    "FREE_ORDER",
    "INVOICE",
    "PAYMENT",
    "REFUND",
    "SCHEDULE",
    "SESSION",
    "SUBSCRIPTION",
    "Cause",
    "Mirrored",
    "apply_events",
    "capture",
    "capture_session",
    "find",
    "id_of",
    "offer",
    "tell",
]

# Ours alone, so that a line of history has the same id whoever keeps it.
HISTORY = uuid.UUID("6f1d3c52-94d8-4b53-9d0e-2f2d0b7c6a11")


def capture_session(claim: CheckoutSession, ask: Callable[[], Snapshot], cause: Cause) -> CheckoutSession:
    """Ask Stripe about a claim's session, or for it, and mirror the answer with what was bought inside it."""
    answers: list[Snapshot] = []

    def keep(answer: Snapshot) -> Snapshot:
        answers.append(answer)
        return answer

    # Where another writer was faster the session is fetched again, and that answer has the contents.
    kind = replace(SESSION, fetch=lambda stripe_id: keep(SESSION.fetch(stripe_id)))
    session = capture(kind, claim.pk, lambda: keep(ask()), cause).row or claim
    _offer_contents(answers[-1], cause)
    return session


def _offer_contents(session: Snapshot, cause: Cause) -> None:
    subscription, payment_intent = session.object.get("subscription"), session.object.get("payment_intent")
    if isinstance(subscription, dict):
        offer(SUBSCRIPTION, session.part(subscription), cause)
    if isinstance(payment_intent, dict):
        offer(PAYMENT, session.part(payment_intent), cause)
    elif mapping.is_free_order(session.object):
        offer(FREE_ORDER, session, cause)


def _is_ours(obj: JSON) -> bool:
    """Whether a payment or session was made by a claim: a renewal's payment intent looks just like a purchase's."""
    return mapping.claim_of(obj) is not None and _is_not_buried(obj)


def _is_not_buried(obj: JSON) -> bool:
    customer = obj["id"] if obj["object"] == "customer" else id_of(obj.get("customer"))
    return not Tombstone.objects.filter(pk=customer).exists()


def _own_columns(before: Subscription | None, after: Subscription, cause: Cause) -> dict[str, Any]:
    """What we add to Stripe's state: since when it is overdue, and the line of history that this write brings."""
    return {
        "past_due_since_at": _past_due_since(before, after),
        "untold_change": _change(before, after, cause),
    }


def _past_due_since(before: Subscription | None, after: Subscription) -> datetime | None:
    since = before.past_due_since_at if before else None
    if after.status == Subscription.Status.ACTIVE:
        return None
    if after.status == Subscription.Status.PAST_DUE and since is None:
        return _failed_at(before, after)
    return since


def _failed_at(before: Subscription | None, after: Subscription) -> datetime | None:
    """When the payment failed: now, where we hear of it in time, else at the renewal that we did not hear of."""
    is_same_period = before is not None and before.current_period_start_at == after.current_period_start_at
    return after.known_until if is_same_period else after.current_period_start_at


def _change(before: Subscription | None, after: Subscription, cause: Cause) -> JSON | None:
    """The line for the subscription's history, where a person would call it a change; its id is the write's own."""
    if before is not None and before.untold_change:
        # Another process wrote this and was cut off before it was kept.
        tell(before)
    if after.known_until is None or (before and _noteworthy(before) == _noteworthy(after)):
        return None
    return {
        "id": str(uuid.uuid5(HISTORY, f"{after.pk} {after.version}")),
        "from_status": before.status if before else "",
        "to_status": after.status,
        "from_price_id": before.price_id if before else None,
        "to_price_id": after.price_id,
        "from_quantity": before.quantity if before else None,
        "to_quantity": after.quantity,
        "cancels_at": after.cancels_at and after.cancels_at.isoformat(),
        "cause_kind": cause.kind,
        "cause_id": cause.id,
        "changed_at": after.known_until.isoformat(),
    }


def tell(subscription: Subscription) -> None:
    """Keep the line of history that came with the row's last write; doing so again changes nothing."""
    if not subscription.untold_change:
        return
    line = dict(subscription.untold_change)
    for moment in ("changed_at", "cancels_at"):
        line[moment] = line[moment] and datetime.fromisoformat(line[moment])
    # Somebody else may have kept it at the same time.
    with suppress(IntegrityError), transaction.atomic():
        StatusChange.objects.create(subscription_id=subscription.pk, **line)
    Subscription.objects.filter(pk=subscription.pk, version=subscription.version).update(untold_change=None)
    subscription.untold_change = None


def _noteworthy(subscription: Subscription) -> tuple[Any, ...]:
    return (subscription.status, subscription.price_id, subscription.quantity, subscription.cancels_at)


CUSTOMER = Kind(Customer, mapping.customer_columns, gateway.retrieve_customer, admits=_is_not_buried)
SESSION = Kind(
    CheckoutSession,
    mapping.session_columns,
    gateway.retrieve_checkout_session,
    primary_key=mapping.claim_of,
    admits=_is_ours,
)
SUBSCRIPTION = Kind(
    Subscription,
    mapping.subscription_columns,
    gateway.retrieve_subscription,
    admits=_is_not_buried,
    own_columns=_own_columns,
    after_write=tell,
)
SCHEDULE = Kind(SubscriptionSchedule, mapping.schedule_columns, gateway.retrieve_schedule, admits=_is_not_buried)
INVOICE = Kind(Invoice, mapping.invoice_columns, gateway.retrieve_invoice, admits=_is_not_buried)
REFUND = Kind(Refund, mapping.refund_columns, gateway.retrieve_refund)
PAYMENT = Kind(
    Payment,
    mapping.payment_columns,
    gateway.retrieve_payment_intent,
    primary_key=mapping.claim_of,
    admits=_is_ours,
)
FREE_ORDER = Kind(
    Payment,
    mapping.free_order_columns,
    gateway.retrieve_checkout_session,
    primary_key=mapping.claim_of,
    admits=_is_ours,
)

"""The kinds of mirrored rows on the customers' side. How an object becomes columns is in mapping.py.

`billing.mirror.engine` decides whether a state is news and writes it. No other module writes mirrored fields.
"""

from datetime import datetime
from typing import Any

from billing import gateway
from billing.gateway.snapshots import JSON
from billing.mirror.engine import Kind, id_of
from subscriptions.mirror import history, mapping
from subscriptions.models import (
    CheckoutSession,
    Customer,
    Invoice,
    Payment,
    Refund,
    Subscription,
    SubscriptionSchedule,
    Tombstone,
)


def _is_ours(obj: JSON) -> bool:
    """Whether our checkout made this session or payment: a renewal's payment intent looks just like a purchase's."""
    return mapping.claim_of(obj) is not None and _is_not_erased(obj)


def _is_not_erased(obj: JSON) -> bool:
    customer = obj["id"] if obj["object"] == "customer" else id_of(obj.get("customer"))
    return not Tombstone.objects.filter(pk=customer).exists()


def _own_columns(before: Subscription | None, after: Subscription) -> dict[str, Any]:
    """Return the columns that Stripe does not have: since when it is overdue, and this write's line of history."""
    return {
        "past_due_since_at": _past_due_since(before, after),
        "untold_change": history.line_for(before, after),
    }


def _past_due_since(before: Subscription | None, after: Subscription) -> datetime | None:
    since = before.past_due_since_at if before else None
    if after.status == Subscription.Status.ACTIVE:
        return None
    if after.status == Subscription.Status.PAST_DUE and since is None:
        return _failed_at(before, after)
    return since


def _failed_at(before: Subscription | None, after: Subscription) -> datetime | None:
    """When the payment failed: now if we heard of it in time, else at the start of the period."""
    is_same_period = before is not None and before.current_period_start_at == after.current_period_start_at
    return after.known_until if is_same_period else after.current_period_start_at


CUSTOMER = Kind(Customer, mapping.customer_columns, gateway.retrieve_customer, admits=_is_not_erased)
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
    admits=_is_not_erased,
    own_columns=_own_columns,
    after_write=history.save_line,
)
SCHEDULE = Kind(SubscriptionSchedule, mapping.schedule_columns, gateway.retrieve_schedule, admits=_is_not_erased)
INVOICE = Kind(Invoice, mapping.invoice_columns, gateway.retrieve_invoice, admits=_is_not_erased)
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

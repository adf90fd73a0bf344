"""The kinds of mirrored rows on the customers' side. How an object becomes columns is in mapping.py.

`billing.mirror.engine` decides whether a state is news and writes it. No other module writes mirrored fields.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any

from billing import gateway
from billing.errors import StripeFailure
from billing.gateway.snapshots import JSON, moment
from billing.mirror.registry import Kind, register
from subscriptions.mirror import erased, history, mapping, refund_links, subscription_mapping
from subscriptions.models import (
    CheckoutSession,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Subscription,
    SubscriptionSchedule,
)


def _is_ours(obj: JSON) -> bool:
    """Whether our checkout made this session or payment: a renewal's payment intent looks the same as a purchase's."""
    return mapping.claim_of(obj) is not None and _is_not_erased(obj)


def _is_not_erased(obj: JSON) -> bool:
    """Whether the object belongs to nobody who was erased here; asks Stripe whose an unknown payment is."""
    return not erased.is_of_erased(obj, obj["object"])


def _extra_columns(before: Subscription | None, after: Subscription) -> dict[str, Any]:
    """Return the columns that Stripe does not have: since when it is overdue or paused, and this write's history."""
    pause_known_at = _pause_known_at(before, after)
    began_at = after.current_period_start_at
    return {
        "past_due_since_at": _past_due_since(before, after),
        "pause_known_at": pause_known_at,
        # The period that was running when its payments were paused is paid.
        "is_period_paused": pause_known_at is not None and began_at is not None and began_at > pause_known_at,
        "unsaved_history_line": history.line_for(before, after),
    }


def _pause_known_at(before: Subscription | None, after: Subscription) -> datetime | None:
    if not after.pause_behavior:
        return None
    return (before.pause_known_at if before else None) or after.known_until


def _past_due_since(before: Subscription | None, after: Subscription) -> datetime | None:
    since = before.past_due_since_at if before else None
    if after.status == Subscription.Status.ACTIVE:
        return None
    if after.status == Subscription.Status.PAST_DUE and since is None:
        return _failed_at(before, after)
    return since


def _failed_at(before: Subscription | None, after: Subscription) -> datetime | None:
    """Return when the payment failed, which Stripe's subscription does not say.

    An event of a period that is known here came at that moment. A fetch can be much later, so the invoice says it.
    """
    is_same_period = before is not None and before.current_period_start_at == after.current_period_start_at
    is_event = after.known_from == after.known_until
    if is_event and is_same_period:
        return after.known_until
    failed_at = after.current_period_start_at
    # A first look at a whole account needs no call for each of its overdue cards: they failed as the period began.
    if not is_event and (before is not None or after.is_sent_invoices):
        failed_at = _payment_asked_at(after) or failed_at
    paid_until = before.known_until if before and before.status != Subscription.Status.PAST_DUE else None
    return max((at for at in (failed_at, paid_until) if at), default=None)


def _payment_asked_at(subscription: Subscription) -> datetime | None:
    """Return when its latest invoice was charged first, or was due; one call to Stripe. None if that is not known."""
    invoice_id = subscription.latest_invoice_id
    if not invoice_id:
        return None
    with suppress(StripeFailure):
        invoice = gateway.retrieve_invoice(invoice_id).object
        if invoice.get("collection_method") == "send_invoice":
            return moment(invoice.get("due_date"))
        return moment((invoice.get("status_transitions") or {}).get("finalized_at"))
    return None


def _when_details_changed(before: Customer | None, after: Customer) -> dict[str, Any]:
    """Return when the address and the name became what they are: later than a change here, they win over it."""
    if before is None:
        return {}
    return {
        "email_changed_at": before.email_changed_at if before.email == after.email else after.known_until,
        "name_changed_at": before.name_changed_at if before.name == after.name else after.known_until,
    }


CUSTOMER = register(
    Kind(
        "customer",
        "cus_",
        Customer,
        mapping.customer_columns,
        gateway.retrieve_customer,
        customer_in_payload="id",
        customer_on_row="pk",
        may_create=_is_not_erased,
        extra_columns=_when_details_changed,
    )
)
SESSION = register(
    Kind(
        "checkout.session",
        "cs_",
        CheckoutSession,
        mapping.session_columns,
        gateway.retrieve_checkout_session,
        customer_in_payload="customer",
        customer_on_row="customer",
        primary_key=mapping.claim_of,
        may_create=_is_ours,
    )
)
SUBSCRIPTION = register(
    Kind(
        "subscription",
        "sub_",
        Subscription,
        subscription_mapping.subscription_columns,
        gateway.retrieve_subscription,
        event_prefix="customer.subscription.",
        customer_in_payload="customer",
        customer_on_row="customer",
        lists=("items",),
        may_create=_is_not_erased,
        extra_columns=_extra_columns,
        after_write=history.save_line,
    )
)
SCHEDULE = register(
    Kind(
        "subscription_schedule",
        "sub_sched_",
        SubscriptionSchedule,
        subscription_mapping.schedule_columns,
        gateway.retrieve_schedule,
        customer_in_payload="customer",
        customer_on_row="customer",
        may_create=_is_not_erased,
    )
)
INVOICE = register(
    Kind(
        "invoice",
        "in_",
        Invoice,
        mapping.invoice_columns,
        gateway.retrieve_invoice,
        customer_in_payload="customer",
        customer_on_row="customer",
        may_create=_is_not_erased,
        after_write=refund_links.invoice_written,
    )
)
# Stripe's refund does not name the customer; our row does (payments/refunds.py).
REFUND = register(
    Kind(
        "refund",
        "re_",
        Refund,
        mapping.refund_columns,
        gateway.retrieve_refund,
        customer_on_row="customer",
        may_create=_is_not_erased,
    )
)
# Stripe's dispute does not name the customer either (payments/disputes.py).
DISPUTE = register(
    Kind(
        "dispute",
        "du_",
        Dispute,
        mapping.dispute_columns,
        gateway.retrieve_dispute,
        event_prefix="charge.dispute.",
        customer_on_row="customer",
        may_create=_is_not_erased,
    )
)
PAYMENT = register(
    Kind(
        "payment_intent",
        "pi_",
        Payment,
        mapping.payment_columns,
        gateway.retrieve_payment_intent,
        customer_in_payload="customer",
        customer_on_row="customer",
        primary_key=mapping.claim_of,
        may_create=_is_ours,
        after_write=refund_links.payment_written,
    )
)
# Not registered, like the next: each line of such a session is a payment (customers/purchases.py).
BOUGHT_ELSEWHERE = Kind(
    "checkout.session",
    "cs_",
    Payment,
    dict,
    gateway.retrieve_session_lines,
    may_create=_is_not_erased,
)
# Not registered: a free order's payment comes from its session, whose kind is SESSION.
FREE_ORDER = Kind(
    "checkout.session",
    "cs_",
    Payment,
    mapping.free_order_columns,
    gateway.retrieve_checkout_session,
    primary_key=mapping.claim_of,
    may_create=_is_ours,
)

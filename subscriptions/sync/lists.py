"""Stripe's lists that a full reconcile scans, in this order, and how a page of each is compared with our rows."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from billing import gateway
from billing.gateway import Page
from billing.gateway.snapshots import Snapshot
from billing.mirror.equal_rows import Where
from billing.mirror.pages import PageResult, apply_page
from billing.mirror.registry import Kind
from billing.models import MirroredRow
from subscriptions.mirror import discounts, kinds, mapping
from subscriptions.models import CheckoutSession, Dispute, ErasedCustomer, Invoice, Payment, Refund, Subscription
from subscriptions.payments.disputes import compare_page as compare_disputes
from subscriptions.payments.refunds import compare_page as compare_refunds
from subscriptions.sync.context import ReconcileContext
from subscriptions.sync.page_ranges import RangePage
from subscriptions.sync.scan import FetchPage, ScannedList


def _compare_subscriptions(context: ReconcileContext, read: RangePage) -> None:
    subscriptions = list(read.page.snapshots())
    context.results.record_page(apply_page(kinds.CUSTOMER, _expanded(subscriptions, "customer")))
    context.results.record_page(apply_page(kinds.SCHEDULE, _expanded(subscriptions, "schedule")))
    result = apply_page(kinds.SUBSCRIPTION, subscriptions, span=_created_within(read))
    context.results.record_page(result)
    discounts.ensure_coupons_known(each.object for each in result.compared)
    for each in result.compared:
        context.results.record_subscription(each.object, was_written=each.was_written)
    _fetch_not_shown(context, kinds.SUBSCRIPTION, read, result.keys_not_shown)


def _compare_invoices(context: ReconcileContext, read: RangePage) -> None:
    result = apply_page(kinds.INVOICE, _without_erased(list(read.page.snapshots())), span=_created_within(read))
    context.results.record_page(result)
    _fetch_not_shown(context, kinds.INVOICE, read, result.keys_not_shown)


def _compare_purchases(context: ReconcileContext, read: RangePage) -> None:
    """Compare the sessions of our checkout, and the customers and payments of those that are complete.

    There are fewer of them than payment intents: every renewal has one.
    """
    ours = [session for session in read.page.snapshots() if mapping.claim_of(session.object) is not None]
    sessions = list(_of_their_rows(CheckoutSession, "stripe_id", ours))
    context.results.record_page(apply_page(kinds.SESSION, sessions))
    complete = [session for session in sessions if session.object.get("status") == CheckoutSession.Status.COMPLETE]
    context.results.record_page(apply_page(kinds.CUSTOMER, _expanded(complete, "customer")))
    payments = _of_their_rows(Payment, "payment_intent_id", _expanded(complete, "payment_intent"))
    context.results.record_page(apply_page(kinds.PAYMENT, payments))
    free = [session for session in complete if mapping.is_free_order(session.object)]
    context.results.record_page(apply_page(kinds.FREE_ORDER, free))


SUBSCRIPTIONS = ScannedList(
    "subscriptions", Subscription, gateway.subscription_page, _compare_subscriptions, is_counted=True
)
INVOICES = ScannedList("invoices", Invoice, gateway.invoice_page, _compare_invoices)
PURCHASES = ScannedList("purchases", CheckoutSession, gateway.checkout_session_page, _compare_purchases)


def refunds(settled_until: datetime | None) -> ScannedList:
    """Return the list of refunds, which follows those of what is refunded; those written later are settled again."""
    return _settled("refunds", Refund, gateway.refund_page, partial(compare_refunds, since=settled_until))


def disputes(settled_until: datetime | None) -> ScannedList:
    """Return the list of disputes; those written later than `settled_until` are settled again."""
    return _settled("disputes", Dispute, gateway.dispute_page, partial(compare_disputes, since=settled_until))


def _settled(
    name: str, model: type[MirroredRow], fetch: FetchPage, compare_page: Callable[[Page], PageResult[Any]]
) -> ScannedList:
    def compare(context: ReconcileContext, read: RangePage) -> None:
        context.results.record_page(compare_page(read.page))

    return ScannedList(name, model, fetch, compare)


def _of_their_rows(model: type[Any], id_column: str, snapshots: list[Snapshot]) -> Iterator[Snapshot]:
    """Yield the objects that our rows are about, and those without a row.

    If Stripe's answer was lost, there may be a second session for the same claim: the row is about one of the two.
    """
    claims = {snapshot.id: mapping.claim_of(snapshot.object) for snapshot in snapshots}
    rows = model._default_manager.filter(pk__in=[claim for claim in claims.values() if claim]).order_by()
    known = dict(rows.values_list("pk", id_column))
    for snapshot in snapshots:
        if (known.get(claims[snapshot.id]) or snapshot.id) == snapshot.id:
            yield snapshot


def _without_erased(snapshots: list[Snapshot]) -> list[Snapshot]:
    """Leave out what belongs to erased customers; asking for each would cost a query an object."""
    customers = [_member(snapshot.object, "customer") for snapshot in snapshots]
    ids = [customer for customer in customers if isinstance(customer, str)]
    erased = list(ErasedCustomer.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return [snapshot for snapshot, customer in zip(snapshots, customers, strict=True) if customer not in erased]


def _expanded(snapshots: list[Snapshot], field: str) -> list[Snapshot]:
    """Return the objects that are expanded in this field, as snapshots of the same moment."""
    expanded = ((snapshot, _member(snapshot.object, field)) for snapshot in snapshots)
    return [snapshot.part(obj) for snapshot, obj in expanded if isinstance(obj, dict)]


def _member(obj: object, field: str) -> Any:
    return obj.get(field) if isinstance(obj, dict) else None


def _created_within(read: RangePage) -> Where:
    """Return the filter for our rows of the time that the page covers, including its first and last second."""
    span: dict[str, datetime] = {}
    if read.rest and read.rest.newest_at:
        span["stripe_created_at__gte"] = read.rest.newest_at
    elif read.range.oldest_at:
        span["stripe_created_at__gt"] = read.range.oldest_at
    if read.range.newest_at:
        span["stripe_created_at__lte"] = read.range.newest_at
    return span


def _fetch_not_shown(context: ReconcileContext, kind: Kind[Any], read: RangePage, keys: Iterable[str]) -> None:
    """Fetch those of these rows that the page should include.

    Rows of its last second may be on the next page; rows copied while it was read may be newer than the page.
    """
    not_on_page = [key for key in keys if key not in read.range.already_read]
    if not not_on_page:
        return
    known = kind.model._default_manager.filter(pk__in=not_on_page, is_deleted=False)
    rows = known.filter(known_until__lt=read.page.known_from)
    if read.rest:
        rows = rows.filter(stripe_created_at__gt=read.rest.newest_at)
    context.fetch_missing(kind, list(rows.order_by().values_list("pk", flat=True)))

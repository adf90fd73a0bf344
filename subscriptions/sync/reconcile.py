"""The full reconcile: compare the catalog, all subscriptions, and payments: invoices, purchases, refunds, disputes.

Equal rows are only read. Rows that differ are written, and count as drift unless an event was about them.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import gateway
from billing.catalog import importer
from billing.errors import StripeMissing
from billing.mirror import engine, new_columns
from billing.mirror.pages import PageResult, apply_page
from subscriptions import stripe_clock
from subscriptions.checkout import claims, sessions
from subscriptions.customers import purchases
from subscriptions.mirror import history, kinds
from subscriptions.models import (
    CheckoutSession,
    Invoice,
    Payment,
    ProductClaim,
    Subscription,
    SubscriptionSchedule,
    SyncRun,
    SyncState,
)
from subscriptions.models.awaited_payment import IS_AWAITED
from subscriptions.sync import lease, lists, scan
from subscriptions.sync.context import ReconcileContext

logger = logging.getLogger(__name__)

# Invoices and purchases created this long before the last full reconcile are compared again.
OVERLAP = timedelta(days=2)

# A bank may send a refund back weeks later (https://docs.stripe.com/refunds#failed-refunds).
REFUNDS_FAIL_WITHIN = timedelta(days=35)

# A bank may decide months later (https://docs.stripe.com/disputes/how-disputes-work).
DISPUTES_LAST = timedelta(days=180)

Mode, Status = CheckoutSession.Mode, CheckoutSession.Status


def run(context: ReconcileContext) -> None:
    """Compare everything with Stripe and write what differs; an interrupted reconcile is continued.

    Raises StripeUnavailable or StripeMisconfigured, LeaseLost if another sync took over, and Interrupted if the
    progress asks for a stop.
    """
    context.progress.expect(Subscription.objects.count())
    try:
        with _less_garbage_collection(), new_columns.known(_columns_added(context.now)):
            history.save_all_lines()
            _compare_catalog(context)
            scan.compare_all(context, lists.SUBSCRIPTIONS)
            _compare_schedules(context)
            _fetch_unfinished_purchases(context)
            _release_claims(context)
            _compare_payments(context)
    finally:
        context.progress.finish()


def _columns_added(now: datetime) -> new_columns.NewColumns:
    """Return the columns that were added since everything was compared last."""
    last_at = SyncRun.objects.complete_full(now=now).values_list("started_at", flat=True).first()
    return new_columns.added_since(last_at) if last_at else {}


@contextmanager
def _less_garbage_collection() -> Iterator[None]:
    """Collect garbage a thousand times less often: the ten thousand objects of a page contain no cycles."""
    usual = gc.get_threshold()
    gc.set_threshold(usual[0] * 1_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _compare_catalog(context: ReconcileContext) -> None:
    def record(result: PageResult[Any]) -> None:
        context.results.record_page(result)
        lease.advance(context.holder)
        context.progress.step(0, "catalog")

    context.results.unknown += importer.import_catalog(on_page=record).unknown


def _compare_schedules(context: ReconcileContext) -> None:
    """Compare the schedules that have not started: they belong to no subscription. Then fetch live ones that were not
    shown: the event of their end was missed.
    """
    shown: set[str] = set()
    for page in gateway.not_started_schedule_pages():
        result = apply_page(kinds.SCHEDULE, page.snapshots())
        context.results.record_page(result)
        shown |= {one.object["id"] for one in result.compared} | {one.id for one in result.failed}
        lease.advance(context.holder)
        context.progress.step(0, "schedules")
    _fetch_unreferenced_schedules(context, shown)


def _fetch_unreferenced_schedules(context: ReconcileContext, shown: set[str]) -> None:
    live = SubscriptionSchedule.objects.filter(status__in=SubscriptionSchedule.LIVE, is_deleted=False)
    referenced = Subscription.objects.filter(schedule__isnull=False).order_by().values_list("schedule_id", flat=True)
    context.fetch_missing(kinds.SCHEDULE, sorted(set(live.values_list("pk", flat=True)) - {*referenced, *shown}))


def _compare_payments(context: ReconcileContext) -> None:
    """Compare invoices, purchases, refunds and disputes: in a thorough reconcile all, else those since the last."""
    read_at = _last_read_at(context.now)
    read_until = read_at + stripe_clock.offset() - OVERLAP if read_at else None
    since = None if scan.is_thorough(context) else read_until
    if since:
        _fetch_invoices_no_longer_open(context, since)
    scan.compare_all(context, lists.INVOICES, since=since)
    scan.compare_all(context, lists.PURCHASES, since=since)
    scan.compare_all(context, lists.refunds(read_until), since=since and since - REFUNDS_FAIL_WITHIN)
    scan.compare_all(context, lists.disputes(read_until), since=since and since - DISPUTES_LAST)


def _last_read_at(now: datetime) -> datetime | None:
    """Return when the last full reconcile began in which nothing of the kinds below failed."""
    last_full_at = SyncState.objects.get(pk=SyncState.THE_ONE).last_full_at
    if last_full_at is None:
        return None
    compared = (kinds.INVOICE, kinds.SESSION, kinds.PAYMENT, kinds.REFUND, kinds.DISPUTE)
    names = {kind.object_name for kind in compared}
    for run in SyncRun.objects.complete_full(now=now):
        # A run stores the first of its failures only.
        are_all_stored = run.failed_objects == len(run.failures)
        if are_all_stored and not any(failure["object_name"] in names for failure in run.failures):
            return min(last_full_at, run.started_at)
    return None


def _fetch_invoices_no_longer_open(context: ReconcileContext, before: datetime) -> None:
    """Fetch older invoices that are open here but not at Stripe: the event of their payment or voiding was missed."""
    unpaid = Invoice.objects.filter(status=Invoice.Status.OPEN, is_deleted=False, stripe_created_at__lt=before)
    ours = list(unpaid.order_by().values_list("pk", flat=True))
    if not ours:
        return
    still_open = set()
    for page in gateway.invoice_pages(status="open"):
        result = apply_page(kinds.INVOICE, page.snapshots())
        context.results.record_failures(result.failed)
        still_open |= {one.object["id"] for one in result.compared} | {one.id for one in result.failed}
        lease.advance(context.holder)
    for pk in ours:
        if pk not in still_open:
            lease.advance(context.holder)
            context.fetch_missing(kinds.INVOICE, [pk])


def _fetch_unfinished_purchases(context: ReconcileContext) -> None:
    """Fetch purchases whose outcome is not known here: a handful at any time."""
    fetches: dict[str, Callable[[], object]] = {
        str(session.stripe_id): partial(sessions.look_up, session) for session in _unfinished_sessions()
    }
    awaited = Payment.objects.filter(IS_AWAITED | Q(status=Payment.Status.PROCESSING)).exclude(payment_intent_id="")
    of_sessions = set(CheckoutSession.objects.filter(pk__in=[one.pk for one in awaited]).values_list("pk", flat=True))
    for payment in awaited:
        # Others were bought elsewhere: only their session says what.
        refetch = _fetch_payment if payment.pk in of_sessions else _fetch_bought_elsewhere
        fetches[payment.payment_intent_id] = partial(refetch, context, payment)
    for stripe_id, fetch in fetches.items():
        lease.advance(context.holder)
        with context.results.isolated("purchase", stripe_id):
            _fetch_purchase(context, stripe_id, fetch)


def _fetch_purchase(context: ReconcileContext, stripe_id: str, fetch: Callable[[], object]) -> None:
    try:
        fetch()
    except StripeMissing:
        # STRIPE_KEY is another account's by now: this purchase stays as it is.
        logger.warning("%s is not at Stripe", stripe_id)
        context.results.unknown.append(stripe_id)


def _release_claims(context: ReconcileContext) -> None:
    """Release the claims of purchases and changes that are over and that no later click has released."""
    for claim in ProductClaim.objects.all():
        lease.advance(context.holder)
        with context.results.isolated("claim", claim.pk):
            claims.release_over(claim, now=context.now)


def _unfinished_sessions() -> "QuerySet[CheckoutSession]":
    """Return sessions that are open here, complete without their payment, or unpaid though their payment succeeded.

    The sync does not list the events of a delayed payment, so a missed webhook leaves its session unpaid here.
    """
    at_stripe = CheckoutSession.objects.exclude(stripe_id=None)
    payments = Payment.objects.filter(pk=OuterRef("pk"))
    is_claimed = Exists(ProductClaim.objects.filter(attempt_id=OuterRef("pk")))
    without_payment = Q(~Exists(payments), is_claimed, status=Status.COMPLETE, mode=Mode.PAYMENT)
    has_succeeded = Exists(payments.filter(status=Payment.Status.SUCCEEDED))
    shown_unpaid = Q(has_succeeded, status=Status.COMPLETE, payment_status="unpaid")
    is_awaited = IS_AWAITED & Q(mode=Mode.SUBSCRIPTION, status=Status.COMPLETE, payment_status="unpaid")
    return at_stripe.filter(Q(status=Status.OPEN) | without_payment | shown_unpaid | is_awaited)


def _fetch_payment(context: ReconcileContext, payment: Payment) -> None:
    fetch = partial(gateway.retrieve_payment_intent, payment.payment_intent_id)
    if engine.apply_answer(kinds.PAYMENT, payment.pk, fetch).was_written:
        context.results.differing[payment.payment_intent_id] = None


def _fetch_bought_elsewhere(context: ReconcileContext, payment: Payment) -> None:
    if purchases.read_paid_with(payment.payment_intent_id):
        context.results.differing[payment.payment_intent_id] = None

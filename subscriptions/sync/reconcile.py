"""The look at everything: catalogue, all subscriptions, new bills, and purchases whose outcome we have not heard.

What is equal is only read; what differs is written, and counts as drift unless an event tells of it.
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
from billing.mirror import engine
from billing.mirror.engine import Compared, apply_page
from subscriptions import stripe_clock
from subscriptions.checkout import services as checkout
from subscriptions.mirror import history, kinds
from subscriptions.models import CheckoutSession, Invoice, Payment, Subscription, SubscriptionSchedule, SyncState
from subscriptions.payments import refunds
from subscriptions.sync import lease, scan
from subscriptions.sync.context import ReconcileContext

logger = logging.getLogger(__name__)

# Bills are read again this far back: between two looks events tell of them, and this is for what they missed.
OVERLAP = timedelta(days=2)

# A bank may send a refund back weeks later (https://docs.stripe.com/refunds#failed-refunds).
REFUNDS_FAIL_WITHIN = timedelta(days=35)

Mode, Status = CheckoutSession.Mode, CheckoutSession.Status


def run(context: ReconcileContext) -> None:
    """Compare everything with Stripe and write what differs; goes on where an interrupted one stopped.

    Raises StripeUnavailable or StripeMisconfigured half-way, LeaseLost when another sync took over, Interrupted when
    the progress says to stop.
    """
    context.progress.expect(Subscription.objects.count())
    try:
        with _rarely_collecting():
            history.save_all_lines()
            _compare_catalogue(context)
            scan.compare_all(context)
            _settle_schedules(context)
            _settle_purchases(context)
            _walk_bills(context)
    finally:
        context.progress.finish()
    lease.advance(context.holder, full_cursor=None)


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Have Python look for cycles a thousand times more rarely: there is none in a page's ten thousand objects."""
    often = gc.get_threshold()
    gc.set_threshold(often[0] * 1_000, *often[1:])
    try:
        yield
    finally:
        gc.set_threshold(*often)


def _compare_catalogue(context: ReconcileContext) -> None:
    def note(compared: list[Compared[Any]]) -> None:
        context.results.record_page(compared)
        lease.advance(context.holder)
        context.progress.step(0, "catalogue")

    context.results.unknown += importer.import_catalog(on_page=note).unknown


def _settle_schedules(context: ReconcileContext) -> None:
    """Ask for schedules that are at work here, though no subscription names them any more: they let go unheard."""
    live = SubscriptionSchedule.objects.filter(status__in=SubscriptionSchedule.LIVE, is_deleted=False)
    naming = Subscription.objects.filter(schedule__isnull=False).order_by().values_list("schedule_id", flat=True)
    context.ask_for(kinds.SCHEDULE, sorted(set(live.values_list("pk", flat=True)) - set(naming)))


def _walk_bills(context: ReconcileContext) -> None:
    """Read the invoices and refunds that are new since the last look at everything; all, where there was none."""
    last_full_at = SyncState.objects.get(pk=SyncState.THE_ONE).last_full_at
    since = last_full_at + stripe_clock.offset() - OVERLAP if last_full_at else None
    if since:
        _settle_open_invoices(context, since)
    for page in gateway.invoice_pages(since=since):
        context.results.record_page(apply_page(kinds.INVOICE, page.snapshots()))
        lease.advance(context.holder)
        context.progress.step(0, "invoices")
    for page in gateway.refund_pages(since=since and since - REFUNDS_FAIL_WITHIN):
        context.results.record_page(refunds.compare(page))
        lease.advance(context.holder)
        context.progress.step(0, "refunds")


def _settle_open_invoices(context: ReconcileContext, before: datetime) -> None:
    """Ask for older bills that are open here and no longer at Stripe: they were paid or voided without a word."""
    unpaid = Invoice.objects.filter(status=Invoice.Status.OPEN, is_deleted=False, stripe_created_at__lt=before)
    ours = list(unpaid.order_by().values_list("pk", flat=True))
    if not ours:
        return
    still_open = set()
    for page in gateway.invoice_pages(status="open"):
        apply_page(kinds.INVOICE, page.snapshots())
        still_open |= {obj["id"] for obj in page.objects}
        lease.advance(context.holder)
    for pk in ours:
        if pk not in still_open:
            lease.advance(context.holder)
            context.ask_for(kinds.INVOICE, [pk])


def _settle_purchases(context: ReconcileContext) -> None:
    """Ask for the purchases that may have ended without a word to us: a handful at any time."""
    questions: dict[str, Callable[[], object]] = {
        str(session.stripe_id): partial(checkout.look_up, session) for session in _unheard_sessions()
    }
    unsettled = Payment.objects.filter(status=Payment.Status.PROCESSING).exclude(payment_intent_id="")
    for payment_intent_id in unsettled.values_list("payment_intent_id", flat=True):
        questions[payment_intent_id] = partial(_look_up_payment, payment_intent_id)
    for stripe_id, ask in questions.items():
        lease.advance(context.holder)
        try:
            ask()
        except StripeMissing:
            # The key is another account's now: nothing to be heard of it here, and no reason to stop.
            logger.warning("%s is not at Stripe", stripe_id)
            context.results.unknown.append(stripe_id)


def _unheard_sessions() -> "QuerySet[CheckoutSession]":
    """Sessions that are open as far as we know, completed without the payment that they brought, or unpaid though
    that has arrived: of a slow payment's only the webhooks' events tell.
    """
    sessions = CheckoutSession.objects.exclude(stripe_id=None)
    payments = Payment.objects.filter(pk=OuterRef("pk"))
    half_heard = Q(~Exists(payments), status=Status.COMPLETE, mode=Mode.PAYMENT, open_key__isnull=False)
    arrived = Exists(payments.filter(status=Payment.Status.SUCCEEDED))
    half_paid = Q(arrived, status=Status.COMPLETE, payment_status="unpaid")
    return sessions.filter(Q(status=Status.OPEN) | half_heard | half_paid)


def _look_up_payment(payment_intent_id: str) -> None:
    engine.apply_snapshot(kinds.PAYMENT, gateway.retrieve_payment_intent(payment_intent_id))

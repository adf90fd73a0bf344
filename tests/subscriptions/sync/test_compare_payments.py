"""A full sync compares invoices, purchases and refunds: new ones every day, and all of them when it is asked for."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.gateway.snapshots import moment
from subscriptions import stripe_clock
from subscriptions.customers import erasing
from subscriptions.models import CheckoutSession, Invoice, Payment, Refund, Subscription, SyncRun, SyncState
from subscriptions.sync import incremental
from subscriptions.sync.progress import Interrupted, Progress
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db

DAY = 86_400
INVOICES, SESSIONS = "GET /v1/invoices", "GET /v1/checkout/sessions"


class StopsAt(Progress):
    """Stops the run when so many pages of one list have been compared."""

    def __init__(self, label: str, pages: int) -> None:
        self.label, self.pages = label, pages

    def step(self, count: int, label: str = "") -> None:
        self.pages -= label == self.label
        if self.pages == 0:
            raise Interrupted


def daily_sync() -> SyncRun:
    """The full sync that becomes due by itself."""
    SyncState.objects.update(last_full_at=timezone.now() - timedelta(hours=25))
    run, _ = sync_now()
    assert run.is_full
    return run


@pytest.fixture
def quiet(local_stripe: LocalStripe) -> None:
    """The last events were ten minutes ago: no pass lists them any more."""
    local_stripe.control("clock", advance=600)
    sync_now()


@pytest.fixture
def old_invoice(new_subscription: Subscription, local_stripe: LocalStripe) -> Invoice:
    """A paid invoice that full syncs have compared, ten days old."""
    local_stripe.control("clock", advance=10 * DAY)
    sync_now(full=True)
    stripe_clock.forget()
    local_stripe.forget_calls()
    return Invoice.objects.get()


@pytest.fixture
def many_invoices(new_subscription: Subscription, local_stripe: LocalStripe) -> int:
    """450 invoices here and at Stripe, a minute apart."""
    account, row = local_stripe.sandbox.account, Invoice.objects.get()
    rows = []
    with account.transaction():
        original = account.store.get("invoice", row.pk)
        assert original is not None
        for number in range(1, 450):
            created = original["created"] - number * 60
            account.store.put({**deepcopy(original), "id": f"in_copy{number:05}", "created": created})
            copy = deepcopy(row)
            copy.pk, copy.stripe_created_at = f"in_copy{number:05}", moment(created)
            rows.append(copy)
    Invoice.objects.bulk_create(rows)
    local_stripe.forget_calls()
    return 450


class TestDrift:
    def test_an_invoice_changed_by_hand(self, new_subscription: Subscription, quiet: None) -> None:
        invoice = Invoice.objects.get()
        Invoice.objects.update(status="void", total=1, hosted_invoice_url="https://example.com")
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.drift, run.drifted) == (True, 1, [invoice.pk])
        again = Invoice.objects.get()
        assert (again.status, again.total) == ("paid", 1900)
        assert again.hosted_invoice_url == invoice.hosted_invoice_url

    def test_an_invoice_that_is_missing(self, new_subscription: Subscription, quiet: None) -> None:
        pk = Invoice.objects.get().pk
        Invoice.objects.all().delete()
        run, _ = sync_now(full=True)
        assert (run.drifted, Invoice.objects.get().pk) == ([pk], pk)

    def test_a_missing_refund(self, paid_handbook: Payment, local_stripe: LocalStripe) -> None:
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        settle()
        refund = Refund.objects.get()
        assert refund.customer_id
        Refund.objects.all().delete()
        Payment.objects.update(access_ended_at=None)
        local_stripe.control("clock", advance=600)
        sync_now()
        run, _ = sync_now(full=True)
        assert (run.drift, run.drifted) == (1, [refund.pk])
        assert Refund.objects.get().customer_id == refund.customer_id
        assert not Payment.objects.get().gives_access

    @pytest.mark.parametrize("status", ["processing", "canceled", "requires_payment_method"])
    def test_a_payment_with_another_status(self, paid_handbook: Payment, quiet: None, status: str) -> None:
        Payment.objects.update(status=status)
        run, _ = sync_now(full=True)
        assert (run.drift, run.drifted) == (1, [paid_handbook.payment_intent_id])
        assert Payment.objects.get().gives_access

    def test_a_missing_payment_with_its_session(self, paid_handbook: Payment, quiet: None) -> None:
        session = CheckoutSession.objects.get()
        Payment.objects.all().delete()
        CheckoutSession.objects.all().delete()
        run, _ = sync_now(full=True)
        assert sorted(run.drifted) == sorted([str(session.stripe_id), paid_handbook.payment_intent_id])
        assert CheckoutSession.objects.get().pk == Payment.objects.get().pk == session.pk
        assert Payment.objects.get().gives_access

    def test_nothing_differs_and_nothing_is_written(
        self, new_subscription: Subscription, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id, "amount": 100})
        settle()
        sync_now(full=True)
        rows = (CheckoutSession, Payment, Invoice, Refund, Subscription)
        before = [list(model.objects.order_by("pk").values("pk", "version", "known_until")) for model in rows]
        local_stripe.control("clock", advance=600)
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.drift, run.updated, run.unknown, run.failed_objects) == (True, 0, 0, 0, 0)
        assert before == [list(model.objects.order_by("pk").values("pk", "version", "known_until")) for model in rows]

    def test_an_invoice_that_stripe_does_not_know_is_reported_and_kept(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        known = Invoice.objects.get()
        local_stripe.control("clock", advance=600)
        made_up = deepcopy(known)
        made_up.pk = "in_unheard"
        made_up.save(force_insert=True)
        run, _ = sync_now(full=True)
        assert (run.unknown, run.unknown_ids) == (1, ["in_unheard"])
        assert Invoice.objects.filter(pk="in_unheard", is_deleted=False).exists()


class TestErased:
    def test_stay_away(
        self, new_subscription: Subscription, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        """Their rows here are gone, and at Stripe everything of theirs is still listed."""
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        settle()
        erasing.mark_erased(str(paid_handbook.customer_id), reason="test", now=timezone.now())
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.failed_objects, run.drift) == (True, 0, 0)
        for model in (CheckoutSession, Payment, Invoice, Refund, Subscription):
            assert not model.objects.exists(), model


class TestTwoSessionsOfOneClaim:
    def test_the_row_stays_with_its_own(self, paid_handbook: Payment, local_stripe: LocalStripe) -> None:
        """Stripe's answer to the first request was lost, so there is a second session for the same click."""
        account, session = local_stripe.sandbox.account, CheckoutSession.objects.get()
        with account.transaction():
            original = account.store.get("checkout.session", str(session.stripe_id))
            assert original is not None
            account.store.put({**original, "id": "cs_test_lost", "status": "expired", "payment_intent": None})
        run, _ = sync_now(full=True)
        assert (run.drift, run.failed_objects) == (0, 0)
        after = CheckoutSession.objects.get()
        assert (after.stripe_id, after.status) == (session.stripe_id, "complete")


class TestHowMuch:
    def test_every_day_only_new_ones(self, old_invoice: Invoice, local_stripe: LocalStripe) -> None:
        Invoice.objects.update(total=1)
        assert daily_sync().drift == 0
        assert Invoice.objects.get().total == 1
        assert [local_stripe.calls.count(call) for call in (INVOICES, SESSIONS)] == [1, 1]

    def test_all_when_asked_for(self, old_invoice: Invoice) -> None:
        Invoice.objects.update(total=1)
        run, _ = sync_now(full=True)
        assert (run.drift, Invoice.objects.get().total) == (1, 1900)

    def test_one_asked_for_and_interrupted_is_continued_as_such(
        self, old_invoice: Invoice, local_stripe: LocalStripe
    ) -> None:
        Invoice.objects.update(total=1)
        local_stripe.control("faults", status=500, count=99, path="/v1/subscriptions")
        assert not sync_now(full=True)[0].is_complete
        local_stripe.control("faults", status=500, count=0)
        run, _ = sync_now()
        assert (run.is_full, run.drift, Invoice.objects.get().total) == (True, 1, 1900)

    def test_a_page_costs_a_call_and_few_queries(self, many_invoices: int, local_stripe: LocalStripe) -> None:
        Invoice.objects.filter(pk="in_copy00333").update(status="open")
        with CaptureQueriesContext(connection) as captured:
            run, _ = sync_now(full=True)
        assert (run.drift, run.drifted) == (1, ["in_copy00333"])
        assert local_stripe.calls.count(INVOICES) == 5
        assert len(captured) < 150


class TestInterrupted:
    @pytest.mark.parametrize("options", [{"full": True}, {}], ids=["asked for", "by itself"])
    def test_goes_on_with_the_invoices_that_are_left(
        self, many_invoices: int, local_stripe: LocalStripe, options: dict[str, bool]
    ) -> None:
        Invoice.objects.update(total=1)
        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now(), progress=StopsAt("invoices", 2))
        # Two pages, which may be the short one among them: pages are read side by side.
        assert Invoice.objects.filter(total=1900).count() in {150, 200}
        local_stripe.forget_calls()
        run, _ = sync_now(**options)
        assert (run.is_full, run.is_complete, run.looked_at) == (True, True, 0)
        assert local_stripe.calls.count(INVOICES) == 3
        assert "GET /v1/subscriptions" not in local_stripe.calls
        assert Invoice.objects.filter(total=1900).count() == many_invoices
        assert SyncState.objects.get().full_cursor is None

    def test_a_position_of_an_earlier_release_is_dropped(self, new_subscription: Subscription) -> None:
        old = {"begun_at": timezone.now().isoformat(), "ranges": [[None, 1, ""]]}
        SyncState.objects.update(full_cursor=old)
        run, _ = sync_now()
        assert (run.is_full, run.is_complete, run.looked_at) == (True, True, 1)

"""A clock that was forty days ahead for one pass: what it stored delays nothing once the clock is right."""

from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billing.models import KeptRequest, Price
from subscriptions import stripe_clock
from subscriptions.checkout import claims
from subscriptions.models import (
    CheckoutSession,
    Customer,
    ProductClaim,
    SyncRun,
    SyncState,
    WebhookEvent,
)
from subscriptions.monitoring import health
from subscriptions.people import account_claims
from subscriptions.sync import incremental, lease, run_log
from subscriptions.webhooks import inbox
from tests.fixtures import LocalStripe
from tests.subscriptions.books import DAY, event, full_run, in_step
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db

AHEAD = 40 * DAY
# Clocks of several machines differ a little, and that is not wrong.
A_LITTLE = timedelta(seconds=20)


@pytest.fixture
def now() -> datetime:
    """To the second: MongoDB keeps milliseconds."""
    return timezone.now().replace(microsecond=0)


def state() -> SyncState:
    return SyncState.objects.get()


class TestOnePassAhead:
    @pytest.fixture(autouse=True)
    def _pass_ahead(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        run, _ = incremental.run(now=timezone.now() + AHEAD)
        assert (run.is_full, run.is_complete) == (True, True)
        local_stripe.forget_calls()

    def test_is_named_by_health_and_doctor(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = health.read(now=timezone.now())
        assert [note.code for note in found.problems] == ["full_overdue"]
        assert [note.code for note in found.warnings] == ["clock_was_wrong"]
        assert f"{state().last_pass_at:%Y-%m-%d %H:%M:%S} UTC" in found.warnings[0].message
        with pytest.raises(CommandError, match="problems"):
            call_command("stripe_doctor")
        assert "A clock was wrong" in capsys.readouterr().out

    def test_the_next_pass_compares_everything_and_is_the_last_to_do_so(self) -> None:
        before = timezone.now()
        assert [sync_now()[0].is_full, sync_now()[0].is_full] == [True, False]
        assert state().last_full_at is not None
        assert before - timedelta(seconds=1) <= state().last_full_at <= timezone.now()  # type: ignore[operator]
        found = health.read(now=timezone.now())
        assert found.problems == []
        assert found.last_full is not None
        assert found.last_full.started_at <= timezone.now()

    def test_the_next_pass_compares_payments_since_the_last_true_look(self, local_stripe: LocalStripe) -> None:
        sync_now()
        assert "GET /v1/invoices" in local_stripe.calls


class TestTheLease:
    def test_of_the_future_is_free(self, local_stripe: LocalStripe) -> None:
        SyncState.objects.create(lease_holder="wrong", lease_until=timezone.now() + AHEAD)
        assert not health.read(now=timezone.now()).is_running
        assert sync_now()[0].is_complete

    def test_of_a_clock_a_little_ahead_holds(self, local_stripe: LocalStripe) -> None:
        SyncState.objects.create(lease_holder="other", lease_until=timezone.now() + lease.LEASE + A_LITTLE)
        with pytest.raises(lease.LeaseHeld):
            sync_now()
        assert local_stripe.calls == []

    def test_is_shown_with_its_date(self, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]) -> None:
        until = timezone.now() + timedelta(minutes=1)
        SyncState.objects.create(lease_holder="other", lease_until=until)
        call_command("sync_subscriptions")
        assert f"(until {until:%Y-%m-%d %H:%M:%S} UTC at the latest)" in capsys.readouterr().out


class TestTheInbox:
    @pytest.mark.parametrize("column", ["claimed_at", "received_at"])
    def test_an_event_that_a_worker_took_in_the_future_is_taken_again(self, now: datetime, column: str) -> None:
        stuck = event(now, "evt_1", state="processing" if column == "claimed_at" else "received")
        WebhookEvent.objects.update(**{column: now + AHEAD})
        assert [entry.pk for entry in inbox.retry_due(now=now)] == ["evt_1"]
        assert inbox.claim(stuck)

    def test_one_that_was_just_taken_is_left_alone(self, now: datetime) -> None:
        taken = event(now, "evt_1", state="processing", claimed_at=timezone.now() + A_LITTLE)
        assert inbox.retry_due(now=now) == []
        assert not inbox.claim(taken)

    def test_a_webhook_of_the_future_hides_no_silence(self, now: datetime, local_stripe: LocalStripe) -> None:
        in_step(now)
        for number in range(3):
            event(now, f"evt_{number}", source="sync")
        event(now, "evt_wrong", age=-AHEAD)
        found = health.read(now=now)
        assert [note.code for note in found.warnings] == ["clock_was_wrong", "webhooks_silent"]
        assert (found.by_webhook.last_at, found.by_webhook.last_day) == (None, 0)


def claim_ahead(customer: Customer, price: Price, now: datetime, state: str) -> ProductClaim:
    return ProductClaim.objects.create(
        pk=ProductClaim.key_of(customer.pk, price.product_id),
        customer=customer,
        product_id=price.product_id,
        state=state,
        taken_at=now + AHEAD,
    )


class TestTheClaim:
    def test_of_a_change_is_asked_about(self, now: datetime, customer: Customer, price: Price) -> None:
        claims.settle_change(claim_ahead(customer, price, now, "changing"), now=now)
        assert not ProductClaim.objects.exists()

    def test_of_a_purchase_is_over(self, now: datetime, customer: Customer, price: Price) -> None:
        assert claims.is_over(claim_ahead(customer, price, now, "buying"), now=now)

    def test_of_an_address_is_no_claim(self, now: datetime) -> None:
        with account_claims.held(name="ada", address="ada@example.com"):
            KeptRequest.objects.update(asked_at=now + AHEAD)
            with account_claims.held(name="ada", address="ada@example.com"):
                pass
        assert not KeptRequest.objects.exists()


class TestTheSync:
    def test_an_interrupted_scan_of_the_future_starts_again(self, now: datetime, local_stripe: LocalStripe) -> None:
        cursor = {
            "begun_at": (now + AHEAD).isoformat(),
            "is_thorough": True,
            "finished": ["subscriptions"],
            "ranges": None,
        }
        in_step(now, full_cursor=cursor)
        assert sync_now()[0].is_full
        assert "GET /v1/subscriptions" in local_stripe.calls

    def test_a_watermark_ahead_of_stripe_makes_a_full_sync_due(self, now: datetime, local_stripe: LocalStripe) -> None:
        in_step(now, watermark=now + AHEAD)
        assert sync_now()[0].is_full

    def test_a_failure_of_the_future_began_now(self, now: datetime, local_stripe: LocalStripe) -> None:
        in_step(now, failing_since_at=now + AHEAD)
        local_stripe.control("faults", status=500, count=3)
        sync_now()
        assert state().failing_since_at is not None
        assert state().failing_since_at <= timezone.now()  # type: ignore[operator]

    def test_nothing_young_is_deleted_by_a_clock_that_is_ahead(self, now: datetime) -> None:
        in_step(now)
        event(now, "evt_young", age=25 * DAY)
        young, old = full_run(now, age=25 * DAY), full_run(now, age=70 * DAY)
        run = SyncRun(is_full=True, is_complete=True, started_at=now + AHEAD)
        run_log.record_end(run, incremental.SyncResults(None), stripe_calls=0)
        assert WebhookEvent.objects.filter(pk="evt_young").exists()
        assert SyncRun.objects.filter(pk=young.pk).exists()
        assert not SyncRun.objects.filter(pk=old.pk).exists()


class TestStripesClock:
    def test_an_offset_measured_with_the_wrong_clock_counts_as_none(self, now: datetime) -> None:
        in_step(now, clock_offset=round(-AHEAD.total_seconds()), last_pass_at=now + AHEAD)
        assert stripe_clock.offset() == timedelta()

    @pytest.mark.parametrize(
        ("offset", "base", "message"),
        [
            (
                -AHEAD,
                "http://127.0.0.1:9",
                "The clock of the machine that syncs is 40 d ahead of Stripe's. Set it right.",
            ),
            (AHEAD, "", "The clock of the machine that syncs is 40 d behind Stripe's. Set it right."),
            (AHEAD, "http://127.0.0.1:9", None),
        ],
    )
    def test_a_clock_that_is_wrong_now_is_a_problem(
        self, now: datetime, settings, offset: timedelta, base: str, message: str | None
    ) -> None:
        settings.STRIPE_API_BASE = base
        in_step(now, clock_offset=round(offset.total_seconds()))
        notes = {note.code: note.message for note in health.read(now=now).problems}
        assert notes.get("clock_wrong") == message


def test_the_page_shows_a_future_time_as_such(now: datetime, staff: object, client: Client) -> None:
    in_step(now, last_pass_at=now + AHEAD)
    client.force_login(staff)  # type: ignore[arg-type]
    page = client.get("/admin/subscriptions/syncrun/health/").content.decode()
    assert f">in the future: {now + AHEAD:%Y-%m-%d %H:%M:%S} UTC</time>" in page

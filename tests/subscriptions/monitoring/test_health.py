"""Sync health: what counts as a problem, what as a warning, and the figures behind them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from subscriptions.models import CheckoutSession, SyncState
from subscriptions.monitoring import health
from tests.fixtures import LocalStripe
from tests.subscriptions.books import DAY, HOUR, MINUTE, event, full_run, in_step, many_rows
from tests.subscriptions.conftest import settle, sync_now
from tests.wording import starting

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    """To the second: MongoDB keeps milliseconds."""
    return timezone.now().replace(microsecond=0)


def problems(now: datetime) -> dict[str, str]:
    return {note.code: note.message for note in health.read(now=now).problems}


def warnings(now: datetime) -> dict[str, str]:
    return {note.code: note.message for note in health.read(now=now).warnings}


class TestInStep:
    def test_has_nothing_to_say(self, now: datetime) -> None:
        in_step(now)
        full_run(now)
        assert (problems(now), warnings(now)) == ({}, {})

    def test_so_after_real_syncs(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        found = health.read(now=timezone.now())
        assert (found.problems, found.warnings) == ([], [])
        assert (found.state.passes, found.failed_events) == (2, 0)
        assert found.lag is not None
        assert found.lag < MINUTE
        assert found.last_full is not None
        assert found.last_full.is_full

    def test_so_when_stripes_clock_was_moved(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        local_stripe.control("clock", advance=20 * 86_400)
        sync_now()
        found = health.read(now=timezone.now())
        assert found.problems == []
        assert found.lag is not None
        assert found.lag < MINUTE


class TestPasses:
    def test_none_yet(self, now: datetime) -> None:
        assert problems(now) == {"no_pass": "No sync has completed yet. Is it running?"}

    @pytest.mark.parametrize(
        ("interval", "age", "found"),
        [
            (30, 5 * MINUTE - SECOND, []),
            (30, 5 * MINUTE + SECOND, ["stale_pass"]),
            (600, 30 * MINUTE - SECOND, []),
            (600, 30 * MINUTE + SECOND, ["stale_pass"]),
        ],
    )
    def test_are_stale_after_three_intervals_or_five_minutes(
        self, now: datetime, settings: Any, interval: int, age: timedelta, found: list[str]
    ) -> None:
        settings.SYNC_INTERVAL_SECONDS = interval
        in_step(now, last_pass_at=now - age)
        assert list(problems(now)) == found

    def test_one_at_work_for_long_is_not_stale(self, now: datetime) -> None:
        in_step(now, last_pass_at=now - HOUR, lease_holder="one", lease_until=now + MINUTE)
        assert problems(now) == {}

    def test_one_that_died_at_work_is(self, now: datetime) -> None:
        in_step(now, last_pass_at=now - HOUR, lease_holder="one", lease_until=now - MINUTE)
        assert problems(now) == {"stale_pass": "The last complete pass was 60 min ago. Is the sync running?"}

    def test_a_long_one_counts_from_its_end(self, now: datetime) -> None:
        in_step(now, last_pass_at=now - HOUR)
        full_run(now, age=HOUR, finished_at=now - MINUTE)
        assert problems(now) == {}
        assert health.read(now=now).pass_age == MINUTE

    def test_one_that_failed_is_a_warning(self, now: datetime) -> None:
        in_step(now, failing_since_at=now - MINUTE, last_error="StripeUnavailable: Network error.")
        assert problems(now) == {}
        assert warnings(now) == {
            "pass_failed": "The last pass failed; the next one tries again: StripeUnavailable: Network error."
        }

    def test_that_go_on_failing_are_a_problem(self, now: datetime) -> None:
        in_step(now, last_pass_at=now - 8 * MINUTE, failing_since_at=now - 7 * MINUTE, last_error="No Stripe key.")
        assert problems(now) == {
            "stale_pass": "The last complete pass was 8 min ago. Is the sync running?",
            "passes_failing": "Passes have failed for 7 min: No Stripe key.",
        }
        assert warnings(now) == {}


class TestFull:
    @pytest.mark.parametrize(("age", "found"), [(2 * DAY - MINUTE, []), (2 * DAY + MINUTE, ["full_overdue"])])
    def test_is_overdue_after_twice_its_interval(self, now: datetime, age: timedelta, found: list[str]) -> None:
        in_step(now, last_full_at=now - age)
        assert list(problems(now)) == found

    def test_that_never_was_complete_is_overdue(self, now: datetime) -> None:
        in_step(now, last_full_at=None)
        assert problems(now) == {
            "full_overdue": "The last full sync has never completed; one is due every 24 h.",
        }

    def test_rows_unknown_to_stripe_are_a_warning(self, now: datetime) -> None:
        in_step(now)
        full_run(now, age=2 * DAY, unknown=7)
        full_run(now, unknown=3, unknown_ids=["sub_1", "sub_2", "sub_3"])
        assert problems(now) == {}
        assert warnings(now) == {
            "rows_unknown": "Stripe does not know 3 of our rows. Is STRIPE_KEY for another account?"
        }

    def test_drift_is_shown_and_no_more(self, now: datetime) -> None:
        in_step(now)
        full_run(now, drift=2, drifted=["sub_1", "sub_2"])
        found = health.read(now=now)
        assert (found.problems, found.warnings) == ([], [])
        assert found.last_full is not None
        assert (found.last_full.drift, found.last_full.drifted) == (2, ["sub_1", "sub_2"])


class TestEvents:
    def test_that_failed_and_will_be_tried_again_are_a_warning(self, now: datetime) -> None:
        in_step(now)
        event(now, "evt_1", state="failed", attempts=19)
        event(now, "evt_2", state="failed", attempts=1)
        assert problems(now) == {}
        assert list(warnings(now)) == ["events_waiting"]

    def test_that_the_sync_gave_up_on_are_a_problem(self, now: datetime) -> None:
        in_step(now)
        event(now, "evt_1", state="failed", attempts=20)
        event(now, "evt_2", state="failed", attempts=1)
        assert list(problems(now)) == ["events_failed"]
        assert problems(now)["events_failed"] == starting("The sync has given up on 1 ")

    def test_are_counted_by_type_with_the_oldest(self, now: datetime) -> None:
        in_step(now)
        event(now, "evt_1", state="failed", attempts=20, age=DAY)
        event(now, "evt_2", state="failed", age=HOUR)
        event(now, "evt_3", state="failed", type="product.updated")
        event(now, "evt_4", state="processing")
        event(now, "evt_5", state="done")
        failed = health.read(now=now).failed
        assert [(row.type, row.events, row.given_up) for row in failed] == [
            ("invoice.paid", 2, 1),
            ("product.updated", 1, 0),
        ]
        assert abs(failed[0].oldest_at - (now - DAY)) < timedelta(milliseconds=1)

    def test_are_counted_by_who_brought_them(self, now: datetime) -> None:
        event(now, "evt_1", age=3 * DAY)
        event(now, "evt_2", age=HOUR)
        event(now, "evt_3", age=2 * HOUR, source="sync")
        found = health.read(now=now)
        assert (found.by_webhook.total, found.by_webhook.last_day) == (2, 1)
        assert (found.by_sync.total, found.by_sync.last_day) == (1, 1)
        assert found.by_webhook.last_at is not None
        assert abs(found.by_webhook.last_at - (now - HOUR)) < timedelta(milliseconds=1)

    def test_silent_webhooks_are_a_warning(self, now: datetime) -> None:
        in_step(now)
        for number in range(3):
            event(now, f"evt_{number}", source="sync")
        assert problems(now) == {}
        assert warnings(now)["webhooks_silent"] == starting("No webhook has arrived yet, ")


class TestCalls:
    def test_in_all_per_pass_and_of_the_last_day(self, now: datetime) -> None:
        in_step(now, passes=200, stripe_calls=250)
        full_run(now, stripe_calls=104)
        full_run(now, age=5 * MINUTE, stripe_calls=3)
        full_run(now, age=25 * HOUR, stripe_calls=500)
        found = health.read(now=now)
        assert (found.state.stripe_calls, found.calls_per_pass, found.calls_last_day) == (250, 1.25, 107)

    def test_none_yet(self, now: datetime) -> None:
        assert health.read(now=now).calls_per_pass == 0


class TestQueries:
    @pytest.mark.parametrize("rows", [0, 10, 300])
    def test_are_eight_however_many_rows(self, now: datetime, django_assert_num_queries: Any, rows: int) -> None:
        in_step(now)
        many_rows(now, rows)
        SyncState.objects.update(last_error="x", failing_since_at=now)
        with django_assert_num_queries(8):
            found = health.read(now=now)
            assert len(found.problems) + len(found.warnings) >= 1
        assert (found.webhook_gap is not None) == (rows > 0)

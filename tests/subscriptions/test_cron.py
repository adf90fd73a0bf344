"""What cron runs."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from subscriptions import cron
from subscriptions.models import SyncState
from tests.fixtures import LocalStripe
from tests.wording import matching

pytestmark = pytest.mark.django_db

TIME = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC  "


@pytest.fixture
def output(local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """What is printed after a first, full pass that was long enough ago for the hour to have changed."""
    cron.sync()
    SyncState.objects.update(last_pass_at=timezone.now() - timedelta(hours=2))
    capsys.readouterr()
    return capsys


class TestSync:
    def test_makes_one_pass_and_says_when(self, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]) -> None:
        cron.sync()
        [line] = capsys.readouterr().out.splitlines()
        assert line == matching(TIME + "Full sync complete: 0 events, .*")

    def test_says_once_an_hour_that_it_lives(self, output: pytest.CaptureFixture[str]) -> None:
        cron.sync()
        [line] = output.readouterr().out.splitlines()
        assert line == matching(TIME + "Sync complete: 0 events, .*")

    def test_waits_first(self, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]) -> None:
        started = time.monotonic()
        cron.sync(delay=1)
        assert time.monotonic() - started >= 1
        assert len(capsys.readouterr().out.splitlines()) == 1

    def test_says_in_one_line_what_was_left_undone(
        self, local_stripe: LocalStripe, output: pytest.CaptureFixture[str]
    ) -> None:
        local_stripe.control("faults", status=500, count=10)
        cron.sync()
        [line] = output.readouterr().out.splitlines()
        assert line == matching(TIME + r"Sync NOT complete: 0 events, .* \(StripeUnavailable: .+\)\.")

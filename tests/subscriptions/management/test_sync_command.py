"""The command as people, cron and containers run it: what it says, how it stops, and its exit code."""

import logging
import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from billing.models import Price
from subscriptions.models import CheckoutSession, Subscription, SyncRun, SyncState, WebhookEvent
from subscriptions.sync import lease
from tests.fixtures import LocalStripe
from tests.running import Running, copy_project
from tests.subscriptions.conftest import Meanwhile, settle, sync_now
from tests.wording import ending, matching, starting

pytestmark = pytest.mark.django_db

TIME = r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC  "
ALL_SUBSCRIPTIONS = "GET /v1/subscriptions"

Output = pytest.CaptureFixture[str]


def run(*options: str, **more: Any) -> None:
    call_command("sync_subscriptions", *options, **more)


def lines(output: Output) -> list[str]:
    return output.readouterr().out.splitlines()


def kinds(output: Output) -> list[str]:
    """The lines up to their figures, and without their times."""
    return [re.sub(TIME, "", line).partition(":")[0] for line in lines(output)]


def a_subscription_changes(local_stripe: LocalStripe) -> None:
    local_stripe.control("clock", advance=600)
    pk = Subscription.objects.get().pk
    local_stripe.api.subscriptions.update(pk, {"metadata": {"changed": str(timezone.now())}})


def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)


@pytest.fixture(autouse=True)
def _handlers_stay() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    # Under nohup, or in the background of a script, the suite is told to ignore some, and the command would go on so.
    found = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    yield
    assert {signal.getsignal(number) for number in numbers} == {signal.default_int_handler}
    for number, handler in found.items():
        signal.signal(number, handler)


class TestVerbose:
    def test_lists_every_subscription_and_what_was_updated(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe, capsys: Output
    ) -> None:
        run(verbosity=2)
        pk = Subscription.objects.get().pk
        assert f"  {pk} active (updated)" in lines(capsys)
        run("--full", verbosity=2)
        assert f"  {pk} active (unchanged)" in lines(capsys)


class TestSummary:
    def test_of_a_quiet_pass(self, subscription: Subscription, capsys: Output) -> None:
        settle()
        run()
        [line] = lines(capsys)
        figures = r"0 events, 0 subscriptions looked at, 0 updated, 0 failed, 1 Stripe call in 0\.\d\d s"
        assert line == matching(rf"Sync complete: {figures}\.")

    def test_of_a_full_one_that_found_drift(self, subscription: Subscription, capsys: Output) -> None:
        settle()
        Subscription.objects.update(status="past_due")
        run("--full")
        [line] = lines(capsys)
        assert line == starting(
            "Full sync complete: 0 events, 1 subscription compared, 1 updated, drift 1 row (no webhook or event had "
            "reported the change), 0 unknown to Stripe, 0 failed, "
        )

    def test_of_one_that_left_something_undone(
        self, subscription: Subscription, local_stripe: LocalStripe, capsys: Output
    ) -> None:
        local_stripe.control("faults", status=500, count=3)
        with pytest.raises(CommandError) as failure:
            run()
        assert failure.value.returncode == 1
        assert lines(capsys)[0] == matching(r"Sync NOT complete: .* Stripe calls? in .* s \(StripeUnavailable: .*\)\.")

    def test_says_that_webhooks_have_gone_silent_and_the_log_what_to_check(
        self, subscription: Subscription, capsys: Output, caplog: pytest.LogCaptureFixture
    ) -> None:
        settle()
        for count in range(3):
            WebhookEvent.objects.create(
                pk=f"evt_{count}", type="invoice.paid", source="sync", state="done", stripe_created_at=timezone.now()
            )
        WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
        run()
        assert lines(capsys)[0] == ending(" s. WARNING: webhooks have gone silent.")
        [message] = [record.message for record in caplog.records if record.levelno == logging.WARNING]
        assert message == starting("No webhook has arrived yet, and the sync found ")


class TestTerse:
    def test_says_nothing_of_a_pass_that_found_nothing(self, subscription: Subscription, capsys: Output) -> None:
        # At the turn of an hour, one of three passes may say that it lives.
        settle()
        for _ in range(3):
            run("--terse")
        assert len(lines(capsys)) <= 1

    def test_says_what_was_done_and_when(
        self, subscription: Subscription, local_stripe: LocalStripe, capsys: Output
    ) -> None:
        settle()
        a_subscription_changes(local_stripe)
        run("--terse")
        [line] = lines(capsys)
        assert line == matching(TIME + "Sync complete: 1 event, 1 subscription looked at, 1 updated, .*")

    def test_says_nothing_when_another_sync_is_at_it(self, local_stripe: LocalStripe, capsys: Output) -> None:
        with lease.held():
            run("--terse")
        assert lines(capsys) == []


class TestLostLease:
    def test_is_no_error_and_not_nothing(
        self, subscription: Subscription, local_stripe: LocalStripe, meanwhile: Meanwhile, capsys: Output
    ) -> None:
        meanwhile.before(ALL_SUBSCRIPTIONS, lambda: SyncState.objects.update(lease_holder="another"))
        run("--full")
        assert lines(capsys) == ["Another sync has taken over; it continues from the last saved position."]
        assert SyncState.objects.get().lease_holder == "another"


@pytest.mark.only_on("sqlite", "postgresql")  # MongoDB's stand-in takes minutes for the events of so many purchases.
@pytest.mark.django_db(transaction=True)
class TestStopSignal:
    @pytest.fixture
    def two_pages(self, price: Price, local_stripe: LocalStripe) -> None:
        customer = local_stripe.api.customers.create({"email": "many@example.com"})
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
        for _ in range(105):
            local_stripe.api.subscriptions.create(
                {"customer": customer.id, "items": [{"price": price.pk}], "default_payment_method": method.id}
            )

    @pytest.mark.parametrize("options", [["--loop"], []])
    def test_ends_a_long_run_at_the_next_page_and_the_next_goes_on(
        self, two_pages: None, local_stripe: LocalStripe, meanwhile: Meanwhile, capsys: Output, options: list[str]
    ) -> None:
        meanwhile.before(ALL_SUBSCRIPTIONS, terminate)
        if options:
            run(*options)
        else:
            with pytest.raises(CommandError) as failure:
                run()
            assert failure.value.returncode == 1
        assert kinds(capsys)[-1] == "Stopped half-way; the next sync continues from here."
        state = SyncState.objects.get()
        assert (state.lease_holder, state.last_full_at, Subscription.objects.count()) == ("", None, 100)
        assert state.full_cursor
        local_stripe.forget_calls()
        synced, _ = sync_now()
        assert (synced.is_full, synced.is_complete, Subscription.objects.count()) == (True, True, 105)
        assert local_stripe.calls.count(ALL_SUBSCRIPTIONS) == 1


@pytest.mark.django_db(transaction=True)
class TestLoop:
    @pytest.fixture(autouse=True)
    def _at_once(self, settings: Any) -> None:
        settings.SYNC_INTERVAL_SECONDS = 0

    def test_outlives_a_database_that_was_away(
        self, local_stripe: LocalStripe, meanwhile: Meanwhile, capsys: Output
    ) -> None:
        def lose_the_database() -> None:
            raise OperationalError("server closed the connection unexpectedly")

        meanwhile.before("GET /v1/events", lose_the_database)
        meanwhile.before("GET /v1/refunds", terminate)
        run("--loop")
        said = kinds(capsys)
        assert said[:2] == ["Syncing every 0 s until stopped.", "Sync NOT complete"]
        assert SyncState.objects.get().lease_holder == ""

    def test_full_stays_asked_for_until_one_is_complete(
        self, subscription: Subscription, local_stripe: LocalStripe, meanwhile: Meanwhile, capsys: Output
    ) -> None:
        settle()
        local_stripe.control("faults", status=500, count=3, path="/v1/products")
        # The failed one, the complete one, and a pass after it.
        for act in (lambda: None, lambda: None, terminate):
            meanwhile.before("GET /v1/events", act)
        before = SyncRun.objects.count()
        run("--loop", "--full")
        assert kinds(capsys)[1:3] == ["Full sync NOT complete", "Full sync complete"]
        newest = SyncRun.objects.order_by("-started_at")[: SyncRun.objects.count() - before]
        assert [(one.is_full, one.is_complete) for one in newest] == [(True, True), (True, False)]

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_ends_between_passes(
        self, local_stripe: LocalStripe, meanwhile: Meanwhile, capsys: Output, number: signal.Signals
    ) -> None:
        sync_now()
        meanwhile.before("GET /v1/events", lambda: signal.raise_signal(number))
        run("--loop")
        assert kinds(capsys)[-1] == "Stopped."


@pytest.mark.only_on("sqlite")  # A process of its own needs a database of its own, and a file is one.
class TestProcess:
    def test_ends_at_once_with_exit_code_0(self, tmp_path: Path) -> None:
        project = copy_project(tmp_path / "shop")
        environment = {
            "SECRET_KEY": "x" * 50,
            "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
            "STRIPE_KEY": "sk_test_nobody",
            "STRIPE_API_BASE": "http://127.0.0.1:9",
            "STRIPE_WEBHOOK_SECRET": "whsec_nobody",
        }
        assert Running(project, "migrate", "-v0", **environment).read_to_the_end() == ""
        loop = Running(project, "sync_subscriptions", "--loop", **environment)
        loop.read_until(TIME + r"Sync NOT complete: .*\(StripeUnavailable: Network error: ")
        assert loop.stop(signal.SIGTERM) == 0
        assert loop.text.splitlines()[-1] == matching(TIME + r"Stopped\.")

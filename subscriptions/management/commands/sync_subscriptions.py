"""`manage.py sync_subscriptions`: one sync pass, as cron runs it; with --loop a pass every few seconds."""

import logging
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone

from subscriptions.management.stop_signals import Stopping
from subscriptions.models import SyncRun, SyncState
from subscriptions.monitoring import webhook_gap
from subscriptions.sync import incremental, lease, progress, run_log
from subscriptions.sync.progress import Interrupted, Progress, Stoppable

logger = logging.getLogger(__name__)

VERBOSE = 2


class Command(BaseCommand):
    help = "Bring the copy of every subscription up to date with Stripe."
    # A missing webhook secret is a system check error, and then the sync is needed all the more.
    requires_system_checks = ()

    is_terse: bool
    is_verbose: bool
    stopping: Stopping

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--full",
            action="store_true",
            help="compare the catalog and every subscription, invoice, purchase and refund",
        )
        parser.add_argument("--loop", action="store_true", help="sync every SYNC_INTERVAL_SECONDS until stopped")
        parser.add_argument(
            "--terse",
            action="store_true",
            help="for logs (--loop implies it): print the time, and a pass that found nothing only once an hour",
        )

    def handle(self, *, full: bool, loop: bool, terse: bool, verbosity: int, **_: Any) -> None:
        self.is_verbose = verbosity >= VERBOSE
        self.is_terse = (terse or loop) and not self.is_verbose
        with Stopping() as self.stopping:
            try:
                is_done = self._loop(full=full) if loop else self._is_done(self._pass(full=full))
            except Interrupted:
                self._say("Stopped half-way; the next sync continues from here.")
                is_done = loop
        if not is_done:
            raise CommandError("the sync is not complete (see above)", returncode=1)

    def _loop(self, *, full: bool) -> bool:
        self._say(f"Syncing every {settings.SYNC_INTERVAL_SECONDS} s until stopped.")
        while not self.stopping.is_requested:
            close_old_connections()
            run = self._pass_or_wait(full=full)
            full = full and not (run and run.is_full and run.is_complete)
            self.stopping.wait(settings.SYNC_INTERVAL_SECONDS)
        self._say("Stopped.")
        return True

    def _pass_or_wait(self, *, full: bool) -> SyncRun | None:
        try:
            return self._pass(full=full)
        except Interrupted:
            raise
        except Exception as error:
            # For example, the database is down for a moment: the next pass continues from the last saved position.
            logger.exception("the sync pass failed")
            self._say(f"Sync NOT complete: {type(error).__name__}.")
            return None

    def _pass(self, *, full: bool) -> SyncRun | None:
        """Make one pass and print what it did; None if another sync is running."""
        now = timezone.now()
        is_new_hour = _is_new_hour(now)
        on_subscription = self._print_subscription if self.is_verbose else None
        try:
            run, _ = incremental.run(full=full, now=now, progress=self._progress(), on_subscription=on_subscription)
        except lease.LeaseLost:
            self._say("Another sync has taken over; it continues from the last saved position.")
            return None
        except lease.LeaseHeld as error:
            if not self.is_terse:
                self._say(f"Nothing done: {error}.")
            return None
        if is_new_hour or not self.is_terse or _is_worth_a_line(run):
            self._report(run, now=now, in_full=is_new_hour or not self.is_terse)
        return run

    def _progress(self) -> Progress:
        # With -v2 the list of subscriptions already shows the progress.
        shown = progress.SILENT if self.is_verbose else progress.for_stream(sys.stderr)
        return Stoppable(shown, lambda: self.stopping.is_requested)

    def _report(self, run: SyncRun, *, now: datetime, in_full: bool) -> None:
        gap = webhook_gap.find(now=now, last_webhook_at=webhook_gap.last_webhook_at(now=now))
        self._say(run_log.summarise(run) + (" WARNING: webhooks have gone silent." if gap else ""))
        if gap and in_full:
            logger.warning("%s", gap)

    def _print_subscription(self, pk: str, status: str, was_written: bool) -> None:  # noqa: FBT001  (as the sync calls it)
        self.stdout.write(f"  {pk} {status} ({'updated' if was_written else 'unchanged'})")

    def _say(self, line: str) -> None:
        is_log = self.is_terse and not self.stdout.isatty()
        self.stdout.write(f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC  {line}" if is_log else line)
        # Otherwise a line to a pipe or a file would wait in a buffer for hours.
        self.stdout.flush()

    @staticmethod
    def _is_done(run: SyncRun | None) -> bool:
        return run is None or (run.is_complete and not run.failed_objects)


def _is_worth_a_line(run: SyncRun) -> bool:
    return run.is_full or not run.is_complete or bool(run.events or run.failed or run.failed_objects or run.archived)


def _is_new_hour(now: datetime) -> bool:
    """Return whether this is the first pass of an hour on any machine: its line shows that the sync is alive."""
    last_pass_at = SyncState.objects.values_list("last_pass_at", flat=True).first()
    return last_pass_at is None or f"{last_pass_at:%Y%m%d%H}" != f"{now:%Y%m%d%H}"

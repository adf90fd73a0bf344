"""The sync as django-crontab runs it. Cron starts jobs once a minute, so a second entry waits half a minute."""

import contextlib
import time

from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from subscriptions.sync import run_log


def sync(delay: int = 0) -> None:
    """Make one sync pass after `delay` seconds, and print what a log needs."""
    time.sleep(delay)
    run_log.record_cron(folder=str(settings.BASE_DIR), now=timezone.now())
    # The command has printed why it is not complete; a traceback would add nothing.
    with contextlib.suppress(CommandError):
        call_command("sync_subscriptions", terse=True)

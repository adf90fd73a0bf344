"""The sync as django-crontab runs it. Cron starts jobs once a minute, so a second entry waits half a minute."""

import contextlib
import time

from django.core.management import CommandError, call_command


def sync(delay: int = 0) -> None:
    """Make one sync pass after `delay` seconds, and print what a log needs."""
    time.sleep(delay)
    # The command has printed why it is not complete; a traceback would add nothing.
    with contextlib.suppress(CommandError):
        call_command("sync_subscriptions", terse=True)

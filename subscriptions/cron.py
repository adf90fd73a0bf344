"""What django-crontab calls; cron's finest step is a minute, so a second entry waits half of one."""

import contextlib
import time

from django.core.management import CommandError, call_command


def sync(delay: int = 0) -> None:
    """Make one sync pass, `delay` seconds from now. Its output is all that a log will know."""
    time.sleep(delay)
    # Of what it left undone the command has said when and why; a traceback of that would say nothing more.
    with contextlib.suppress(CommandError):
        call_command("sync_subscriptions", terse=True)

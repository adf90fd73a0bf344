"""The crontab entries that django-crontab installs: the sync, every SYNC_INTERVAL_SECONDS."""

import shlex
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import env

JOB = "subscriptions.cron.sync"
HALF_A_MINUTE = 30
MINUTES_AN_HOUR = 60
HOURS_A_DAY = 24

CronJob = tuple[str, str, list[Any], dict[str, Any]]


def sync_entries(*, every_seconds: int) -> list[CronJob]:
    """Return django-crontab's CRONJOBS: one entry, or for 30 seconds two, as cron starts at whole minutes.

    An interval that does not divide an hour or a day evenly is kept to within it: the last gap is the shorter one.
    """
    if every_seconds == HALF_A_MINUTE:
        return [("* * * * *", JOB, [], {}), ("* * * * *", JOB, [], {"delay": HALF_A_MINUTE})]
    minutes, rest = divmod(every_seconds, 60)
    if rest or not minutes:
        raise ImproperlyConfigured("SYNC_INTERVAL_SECONDS must be 30, or whole minutes: 60, 120, 300")
    return [(_times(minutes), JOB, [], {})]


def _times(minutes: int) -> str:
    if minutes == 1:
        return "* * * * *"
    if minutes < MINUTES_AN_HOUR:
        return f"*/{minutes} * * * *"
    hours = minutes // MINUTES_AN_HOUR
    return f"0 */{hours} * * *" if hours < HOURS_A_DAY else "0 0 * * *"


def environment_prefix() -> str:
    """Return what goes before the command, so that cron reads the same settings as the shell that installed it."""
    chosen = env.text("ENV_FILE")
    return f"ENV_FILE={shlex.quote(chosen)}" if chosen else ""


def log_suffix(*, file: Path) -> str:
    """Return what goes after the command, so that its output is kept."""
    return f">> {shlex.quote(str(file))} 2>&1"

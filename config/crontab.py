"""The crontab entries that django-crontab installs: the sync, every SYNC_INTERVAL_SECONDS."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

JOB = "subscriptions.cron.sync"
HALF_A_MINUTE = 30
MINUTES_AN_HOUR = 60
HOURS_A_DAY = 24

CronJob = tuple[str, str, list[Any], dict[str, Any]]


def sync_entries(*, every_seconds: int) -> list[CronJob]:
    """Return django-crontab's CRONJOBS: one entry, or two for 30 seconds, because cron starts jobs at whole minutes.

    An interval that does not divide the hour (or the day) evenly starts again with each hour (or day), so that the
    last gap is shorter.
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

"""Checks of the set-up, at Stripe and in our own tables. Checking changes nothing; repairs are offered."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from billing.errors import StripeFailure
from subscriptions.monitoring.doctor.catalog import check_catalog
from subscriptions.monitoring.doctor.cron import check_cron
from subscriptions.monitoring.doctor.database import check_database
from subscriptions.monitoring.doctor.duplicates import check_duplicates
from subscriptions.monitoring.doctor.endpoint import check_endpoint
from subscriptions.monitoring.doctor.events import check_inbox, check_origin, check_version
from subscriptions.monitoring.doctor.finding import (
    Finding,
    Level,
    NotRepaired,
    Repair,
    problem,
)
from subscriptions.monitoring.doctor.keys import check_key, check_webhook_secrets
from subscriptions.monitoring.doctor.people import check_people
from subscriptions.monitoring.doctor.site import check_form_targets, check_mail

__all__ = ["Examined", "Finding", "Level", "NotRepaired", "Repair", "examine"]

Check = Callable[[], Iterator[Finding]]


class Examined(NamedTuple):
    """A finding, and the part of the set-up that it is about."""

    subject: str
    finding: Finding


def examine(*, now: datetime) -> Iterator[Examined]:
    """Run all checks in order, and yield each finding as it comes.

    Without a working database nothing else is checked, and without a working key nothing at Stripe. A repair that
    the caller makes between two findings shows in the findings that follow.
    """
    database = list(check_database())
    yield from (Examined("database", finding) for finding in database)
    if not _has_passed(database):
        return
    key = list(check_key())
    yield from (Examined("key", finding) for finding in key)
    yield from _examined("webhook secret", check_webhook_secrets)
    if _has_passed(key):
        yield from _examined("webhook endpoint", check_endpoint)
        yield from _examined("API version", partial(check_version, now=now))
        yield from _examined("catalog", check_catalog)
    yield from _examined("events", partial(check_inbox, now=now))
    yield from _examined("events", partial(check_origin, now=now))
    yield from _examined("cron", partial(check_cron, now=now))
    yield from _examined("duplicates", check_duplicates)
    yield from _examined("people", check_people)
    yield from _examined("mail", check_mail)
    yield from _examined("payment page", check_form_targets)


def _has_passed(findings: list[Finding]) -> bool:
    return any(finding.level == Level.OK for finding in findings)


def _examined(subject: str, check: Check) -> Iterator[Examined]:
    try:
        for finding in check():
            yield Examined(subject, finding)
    except StripeFailure as error:
        yield Examined(subject, problem(f"Stripe gave no answer: {error.message}"))

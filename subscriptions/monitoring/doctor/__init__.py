"""Whether everything is set up as it should be, asked of Stripe and of our own books. Looking changes nothing."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from billing.errors import StripeFailure
from subscriptions.monitoring.doctor.catalog import check_catalogue
from subscriptions.monitoring.doctor.database import check_database
from subscriptions.monitoring.doctor.duplicates import check_duplicates
from subscriptions.monitoring.doctor.endpoint import check_endpoint
from subscriptions.monitoring.doctor.events import check_inbox, check_version
from subscriptions.monitoring.doctor.finding import (
    Finding,
    Level,
    NotRepaired,
    Repair,
    problem,
)
from subscriptions.monitoring.doctor.keys import check_key, check_webhook_secrets

__all__ = ["Examined", "Finding", "Level", "NotRepaired", "Repair", "examine"]

Check = Callable[[], Iterator[Finding]]


class Examined(NamedTuple):
    """What was looked at, and what was found."""

    subject: str
    finding: Finding


def examine(*, now: datetime) -> Iterator[Examined]:
    """Look at one thing after the other; without a database at nothing else, without a key that works not at Stripe.

    A repair that is made between two findings shows in those that follow.
    """
    database = list(check_database())
    yield from (Examined("database", finding) for finding in database)
    if not _is_sound(database):
        return
    key = list(check_key())
    yield from (Examined("key", finding) for finding in key)
    yield from _examined("webhook secret", check_webhook_secrets)
    if _is_sound(key):
        yield from _examined("webhook endpoint", check_endpoint)
        yield from _examined("API version", partial(check_version, now=now))
        yield from _examined("catalogue", check_catalogue)
    yield from _examined("events", partial(check_inbox, now=now))
    yield from _examined("duplicates", check_duplicates)


def _is_sound(findings: list[Finding]) -> bool:
    return any(finding.level == Level.OK for finding in findings)


def _examined(subject: str, check: Check) -> Iterator[Examined]:
    try:
        for finding in check():
            yield Examined(subject, finding)
    except StripeFailure as error:
        yield Examined(subject, problem(f"Stripe did not tell: {error.message}"))

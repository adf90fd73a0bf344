"""Billing periods: which instants a subscription's anchor and interval lead to. All in UTC seconds."""

import calendar
from datetime import UTC, datetime

DAY = 86_400
WEEK = 7 * DAY
MONTHS = {"month": 1, "year": 12}
SECONDS = {"day": DAY, "week": WEEK}


def boundary(*, anchor: int, interval: str, interval_count: int, number: int) -> int:
    """Give the instant `number` intervals after the anchor (before it, when negative).

    Counted from the anchor each time, so that Jan 31 gives Feb 28 and then Mar 31 again.
    """
    steps = interval_count * number
    if interval in SECONDS:
        return anchor + SECONDS[interval] * steps
    return _add_months(anchor, MONTHS[interval] * steps)


def current(*, anchor: int, interval: str, interval_count: int, at: int) -> tuple[int, int]:
    """Give the period that contains `at`; its start belongs to it, its end to the next one."""
    number = _estimate(anchor=anchor, interval=interval, interval_count=interval_count, at=at)

    def nth(number: int) -> int:
        return boundary(anchor=anchor, interval=interval, interval_count=interval_count, number=number)

    # The estimate ignores how long months are, so it may be one off in either direction.
    while nth(number) > at:
        number -= 1
    while nth(number + 1) <= at:
        number += 1
    return nth(number), nth(number + 1)


def _estimate(*, anchor: int, interval: str, interval_count: int, at: int) -> int:
    if interval in SECONDS:
        return (at - anchor) // (SECONDS[interval] * interval_count)
    start, now = datetime.fromtimestamp(anchor, UTC), datetime.fromtimestamp(at, UTC)
    months = (now.year - start.year) * 12 + now.month - start.month
    return months // (MONTHS[interval] * interval_count)


def _add_months(instant: int, months: int) -> int:
    moment = datetime.fromtimestamp(instant, UTC)
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return int(moment.replace(year=year, month=month, day=day).timestamp())

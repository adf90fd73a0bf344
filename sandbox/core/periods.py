"""Billing periods: their boundaries, computed from an anchor and an interval. All times are UTC seconds."""

import calendar
from datetime import UTC, datetime
from functools import lru_cache

DAY = 86_400
WEEK = 7 * DAY
MONTHS = {"month": 1, "year": 12}
SECONDS = {"day": DAY, "week": WEEK}


def boundary(*, anchor: int, interval: str, interval_count: int, number: int) -> int:
    """Return the instant `number` intervals after the anchor; a negative number counts back.

    Each boundary is counted from the anchor, so Jan 31 gives Feb 28 and then Mar 31.
    """
    steps = interval_count * number
    if interval in SECONDS:
        return anchor + SECONDS[interval] * steps
    return _add_months(anchor, MONTHS[interval] * steps)


@lru_cache(maxsize=1024)
def current(*, anchor: int, interval: str, interval_count: int, at: int) -> tuple[int, int]:
    """Return the start and end of the period that contains `at`; the end belongs to the next period."""
    number = _estimate(anchor=anchor, interval=interval, interval_count=interval_count, at=at)

    def nth(number: int) -> int:
        return boundary(anchor=anchor, interval=interval, interval_count=interval_count, number=number)

    # The estimate ignores the lengths of months, so it can be one too high or too low.
    start, end = nth(number), nth(number + 1)
    while start > at:
        number, start, end = number - 1, nth(number - 1), start
    while end <= at:
        number, start, end = number + 1, end, nth(number + 2)
    return start, end


def fit_together(rhythms: set[tuple[str, int]]) -> bool:
    """Tell whether each (interval, count) is a multiple of the shortest; only a single day fits into a month."""
    in_days = {count * SECONDS[interval] // DAY for interval, count in rhythms if interval in SECONDS}
    in_months = {count * MONTHS[interval] for interval, count in rhythms if interval in MONTHS}
    if in_days and in_months and min(in_days) != 1:
        return False
    shortest = min(in_days or in_months, default=1)
    same_unit = in_days or in_months
    return all(length % shortest == 0 for length in same_unit)


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

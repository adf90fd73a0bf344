"""Telling the times that this installation's own clock stored while it was wrong, so that they are ignored.

The beginning of a lease, a claim or a pass can't lie in the future. If it does, a clock that was ahead has stored it.
Nothing must wait until that time has come.
"""

from datetime import datetime, timedelta

from django.db.models import Q

# The clocks of several machines differ by less. A time further ahead was stored by a clock that was wrong.
CLOCKS_AGREE_WITHIN = timedelta(seconds=30)


def is_impossible(moment: datetime | None, *, now: datetime, at_most: timedelta = timedelta()) -> bool:
    """Whether a stored moment is further ahead of `now` than the longest that it can be, `at_most`."""
    return moment is not None and moment > now + at_most + CLOCKS_AGREE_WITHIN


def impossible(column: str, *, now: datetime, at_most: timedelta = timedelta()) -> Q:
    """The same as a condition on a column."""
    return Q(**{f"{column}__gt": now + at_most + CLOCKS_AGREE_WITHIN})


def not_impossible(column: str, *, now: datetime, at_most: timedelta = timedelta()) -> Q:
    """The opposite, for conditions inside an aggregate, where MongoDB's stand-in knows no negation."""
    return Q(**{f"{column}__lte": now + at_most + CLOCKS_AGREE_WITHIN})


def possible(moment: datetime | None, *, now: datetime) -> datetime | None:
    """Return the moment; None if it is in the future."""
    return None if is_impossible(moment, now=now) else moment

"""Times stored by this installation's own clock, and what to make of those that were stored while it was wrong.

A lease, a claim or the time of a pass can't lie in the future. One that does was stored by a clock that was ahead: it
counts as none, so that one wrong clock does not stop anything until its time has come.
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

"""The released versions of Stripe's API, by the shape of their names: `2024-06-20`, `2025-03-31.basil`."""

import re
from datetime import date

from sandbox.core.account import API_VERSION
from sandbox.core.errors import ApiError

FIRST = "2011-01-01"
# The first version of each named release. Versions before the first of them have no name.
RELEASES = {
    "acacia": "2024-09-30",
    "basil": "2025-03-31",
    "clover": "2025-09-30",
    "dahlia": "2026-03-25",
    "endive": "2026-09-30",
}
PREVIEW = "preview"
SHAPE = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(\.(?P<name>[a-z]+))?(; ?[a-z0-9_]+=v\d+)*")


def check(version: str) -> str:
    """Return the version. Raises ApiError if Stripe never released it, or released it after the installed SDK."""
    if not _is_released(version):
        raise ApiError.wrong_version(version, API_VERSION)
    return version


def is_before(version: str, other: str) -> bool:
    """Return whether `version` was released before `other`; previews are as old as their dates."""
    return day(version) < day(other)


def day(version: str) -> str:
    """Return the date of a version, as text that can be compared."""
    return version[: len(FIRST)]


def _is_released(version: str) -> bool:
    parts = SHAPE.fullmatch(version)
    if not parts or not _is_date(parts["day"]) or not FIRST <= parts["day"] <= day(API_VERSION):
        return False
    name = _release(parts["day"])
    return parts["name"] == name or (parts["name"] == PREVIEW and name is not None)


def _release(released: str) -> str | None:
    """Return the name of the versions of this day, None if versions had no names yet."""
    begun = [name for name, first in RELEASES.items() if first <= released]
    return begun[-1] if begun else None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

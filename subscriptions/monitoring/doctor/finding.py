"""Findings of the doctor: ok, a note or a problem, some with a repair."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

# Repairs the set-up and returns a sentence about it. Raises NotRepaired or StripeFailure.
Repair = Callable[[], str]


class NotRepaired(Exception):
    """The repair failed; the message says why."""


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the set-up; with `repair` if the problem can be fixed safely without asking."""

    level: Level
    message: str
    repair: Repair | None = None


def ok(message: str) -> Finding:
    return Finding(Level.OK, message)


def note(message: str, repair: Repair | None = None) -> Finding:
    """Return a finding that is worth knowing although everything works."""
    return Finding(Level.NOTE, message, repair)


def problem(message: str, repair: Repair | None = None) -> Finding:
    """Return a finding that needs attention."""
    return Finding(Level.PROBLEM, message, repair)


def some(ids: list[str], *, shown: int = 5) -> str:
    """Return the first ids, and how many more there are."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more

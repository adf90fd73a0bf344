"""What the doctor says."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

# Makes something good and says what was done. Raises NotRepaired or StripeFailure.
Repair = Callable[[], str]


class NotRepaired(Exception):
    """It is still so; the message says why."""


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about the set-up; `repair` where it is safe to make it good without asking."""

    level: Level
    message: str
    repair: Repair | None = None


def ok(message: str) -> Finding:
    return Finding(Level.OK, message)


def note(message: str, repair: Repair | None = None) -> Finding:
    """Something to know, though everything works."""
    return Finding(Level.NOTE, message, repair)


def problem(message: str, repair: Repair | None = None) -> Finding:
    """Something that somebody must look after."""
    return Finding(Level.PROBLEM, message, repair)


def some(ids: list[str], *, shown: int = 5) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more

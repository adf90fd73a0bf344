"""Durations and counts as short English text."""

from datetime import timedelta


def format_duration(span: timedelta) -> str:
    """Return a duration in its largest useful unit: 45 s, 12 min, 5 h, 3 d."""
    seconds = max(span.total_seconds(), 0)
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def format_count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 event", "1,200 events"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""Names for the cases of a parametrized test by their values: "status=active, ended_at=2099-05-03", not "columns3"."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta

LONGEST = 80


def case_id(value: object) -> str | None:
    """Name a value, or return None where pytest's own name for it is good."""
    if isinstance(value, bytes | int | float | type | None):
        return None
    if isinstance(value, str) and len(value) <= LONGEST:
        return None
    shown = _shown(value)
    if " at 0x" in shown:  # An address in memory: the suite's processes have to agree on the names.
        return None
    shown = shown.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."


def _shown(value: object) -> str:
    match value:
        case Mapping() | list() | tuple() | set() | frozenset() if not value:
            return "empty"
        case Mapping():
            return ", ".join(f"{key}={_nested(member)}" for key, member in value.items())
        case list() | tuple():
            return ", ".join(map(_nested, value))
        case set() | frozenset():
            return ", ".join(sorted(map(_nested, value)))
        case date():
            return value.isoformat().removesuffix("T00:00:00+00:00")
        case timedelta() | str():
            return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        # Member by member, because the order of a set differs between the suite's processes.
        members = ", ".join(f"{field.name}={_nested(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({members})"
    return repr(value)


def _nested(value: object) -> str:
    shown = _shown(value)
    return f"({shown})" if isinstance(value, Mapping | list | tuple | set | frozenset) else shown

"""The public form of an object: without private members and, unless expanded, without expand-only members.

A list inside an object shows its first ten members, as at Stripe; the store has them all, and so has the list's URL.
"""

from functools import lru_cache
from typing import Any, Final

from sandbox.core.kinds import expand_only

NESTED: Final = (dict, list)
NOTHING: Final[frozenset[str]] = frozenset()
SHOWN_OF_NESTED_LISTS = 10


def public(value: Any) -> Any:
    """Return a copy of the object, list or member without its private and expand-only members."""
    if isinstance(value, dict):
        return _public_object(value)
    return [public(member) for member in value] if isinstance(value, list) else value


def _public_object(value: dict[str, Any]) -> dict[str, Any]:
    # This runs for each nested object of each answer and event, so what to hide is looked up by the members' names.
    kind = value.get("object")
    hidden = _hidden(kind if kind.__class__ is str else None, tuple(value))
    shown = {name: member for name, member in value.items() if name not in hidden} if hidden else value.copy()
    for name in [name for name, member in shown.items() if isinstance(member, NESTED)]:
        member = shown[name]
        # Keys of metadata belong to the caller, even with an underscore.
        shown[name] = nested(member) if member and name != "metadata" else member.copy()
    return shown


@lru_cache(maxsize=4096)
def _hidden(kind: str | None, names: tuple[str, ...]) -> frozenset[str]:
    hidden = expand_only(kind) if kind else NOTHING
    return frozenset(name for name in names if name[:1] == "_" or name in hidden)


def nested(value: Any) -> Any:
    """Return the public form of a value inside an object; of a list object, only the first ten members."""
    if not isinstance(value, dict):
        return public(value)
    data = value.get("data")
    if isinstance(data, list) and len(data) > SHOWN_OF_NESTED_LISTS and value.get("object", "list") == "list":
        value = {**value, "data": data[:SHOWN_OF_NESTED_LISTS]}
        if "has_more" in value:  # Previous attributes of an event have the list's data alone.
            value["has_more"] = True
    return _public_object(value)

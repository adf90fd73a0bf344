"""The public form of an object: without private members and, unless expanded, without expand-only members.

A list inside an object shows its first ten members, as at Stripe; the store has them all, and so has the list's URL.
"""

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
    kind = value.get("object")
    hidden = expand_only(kind) if isinstance(kind, str) else NOTHING
    shown = {}
    for name, member in value.items():
        if name[:1] == "_" or name in hidden:
            continue
        # Keys of metadata belong to the caller, even with an underscore.
        is_nested = name != "metadata" and isinstance(member, NESTED)
        shown[name] = nested(member) if is_nested else member
    return shown


def nested(value: Any) -> Any:
    """Return the public form of a value inside an object; of a list object, only the first ten members."""
    data = value.get("data") if isinstance(value, dict) else None
    if isinstance(data, list) and len(data) > SHOWN_OF_NESTED_LISTS and value.get("object", "list") == "list":
        value = {**value, "data": data[:SHOWN_OF_NESTED_LISTS]}
        if "has_more" in value:  # Previous attributes of an event have the list's data alone.
            value["has_more"] = True
    return public(value)

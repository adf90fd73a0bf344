"""The public form of an object: without private members and, unless expanded, without expand-only members."""

from typing import Any

from sandbox.core.kinds import expand_only


def public(value: Any) -> Any:
    """Return a copy of the object, list or member without its private and expand-only members."""
    if isinstance(value, list):
        return [public(member) for member in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("object")
    hidden = expand_only(kind) if isinstance(kind, str) else frozenset()
    return {
        # Keys of metadata belong to the caller, even with an underscore.
        name: member if name == "metadata" else public(member)
        for name, member in value.items()
        if not name.startswith("_") and name not in hidden
    }

"""An object as it leaves the sandbox: without its private members and, unless expanded, its expand-only ones."""

from typing import Any

from sandbox.core.kinds import expand_only


def public(value: Any) -> Any:
    """Return a copy of the object, list or member with only what Stripe shows without being asked."""
    if isinstance(value, list):
        return [public(member) for member in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("object")
    hidden = expand_only(kind) if isinstance(kind, str) else frozenset()
    return {
        # Metadata is the caller's: its keys mean nothing to us.
        name: member if name == "metadata" else public(member)
        for name, member in value.items()
        if not name.startswith("_") and name not in hidden
    }

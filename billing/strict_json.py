"""Reads JSON, and refuses an object that has a name twice: programs differ on which value they take."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any


class GivenTwice(ValueError):
    """A name comes twice in one object."""

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name}” is given more than once.")
        self.name = name


def loads(text: str | bytes, *, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Return the value of a JSON text. Raises GivenTwice, another ValueError if it is not JSON, or RecursionError."""
    return json.loads(text, parse_constant=parse_constant, object_pairs_hook=_without_repeats)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise GivenTwice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return found

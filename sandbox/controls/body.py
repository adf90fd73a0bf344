"""The body of a control's request: a JSON object, read member by member. Errors name the member."""

import json
import re
from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Request

from sandbox.core.errors import ApiError

SURROGATE = re.compile("[\ud800-\udfff]")  # Half of a surrogate pair is valid JSON, but a database can't store it.


class Body:
    """The members of a JSON object. `finish` refuses those that were not read before."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members
        self._known: set[str] = set()

    @classmethod
    def read(cls, request: Request) -> "Body":
        """Return the request's body; no body counts as an empty object."""
        text = request.get_data()
        if not text.strip():
            return cls({})
        try:
            members = json.loads(text)
        except ValueError as error:
            raise ApiError.invalid(f"The body is not JSON: {error}") from None
        if not isinstance(members, dict):
            raise ApiError.invalid("The body must be a JSON object.")
        return cls(members)

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def integer(self, name: str, *, least: int, most: int) -> int | None:
        value: int | None = self._number(name, int, "a whole number", least, most)
        return value

    def number(self, name: str, *, least: float, most: float) -> float | None:
        value: float | None = self._number(name, (int, float), "a number", least, most)
        return value

    def text(self, name: str, *, longest: int = 500) -> str | None:
        value = self._take(name)
        if value is not None and (not isinstance(value, str) or len(value) > longest or SURROGATE.search(value)):
            raise ApiError.invalid(f"{name} must be a text of at most {longest} characters.", param=name)
        return value

    def flag(self, name: str) -> bool | None:
        value = self._take(name)
        if value is not None and not isinstance(value, bool):
            raise ApiError.invalid(f"{name} must be true or false.", param=name)
        return value

    def choice(self, name: str, choices: Sequence[str | int]) -> Any:
        value = self._take(name)
        if value is not None and (value not in choices or isinstance(value, bool)):
            raise ApiError.invalid(f"{name} must be one of {', '.join(map(str, choices))}.", param=name)
        return value

    def texts(self, name: str) -> dict[str, str]:
        """Return an object whose members are texts; empty if there is none."""
        return self._members_of(name, str, "texts")

    def integers(self, name: str) -> dict[str, int]:
        """Return an object whose members are whole numbers, not negative; empty if there is none."""
        found: dict[str, int] = self._members_of(name, int, "whole numbers from 0")
        if any(value < 0 for value in found.values()):
            raise ApiError.invalid(f"{name} must be an object of whole numbers from 0.", param=name)
        return found

    def _members_of(self, name: str, kind: type, noun: str) -> dict[str, Any]:
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(type(member) is kind for member in value.values()):
            raise ApiError.invalid(f"{name} must be an object of {noun}.", param=name)
        return value

    def member(self, name: str) -> Any:
        """Return a member of any type."""
        return self._take(name)

    def finish(self) -> None:
        """Raise ApiError for members that were not read, so that a misspelt name is not ignored."""
        if unknown := [name for name in self._members if name not in self._known]:
            raise ApiError.unknown_parameter(*unknown)

    def _number(self, name: str, kind: Any, noun: str, least: float, most: float) -> Any:
        value = self._take(name)
        if value is not None and (
            not isinstance(value, kind) or isinstance(value, bool) or not least <= value <= most
        ):
            raise ApiError.invalid(f"{name} must be {noun} from {least} to {most}.", param=name)
        return value

    def _take(self, name: str) -> Any:
        self._known.add(name)
        return self._members.get(name)

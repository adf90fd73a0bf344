"""Objects in memory. Their copies share the nested members, so a change replaces a member, never a value within it."""

from typing import Any

from sandbox.core.store.bodies import Object, copied, loaded


class Kept:
    """An object as it was put or read. The tests set `is_checked`, to find changes within a member."""

    __slots__ = ("_obj", "_text")
    is_checked = False

    def __init__(self, obj: Object) -> None:
        self._obj = obj.copy()
        self._text = copied(obj) if self.is_checked else b""
        if self.is_checked and loaded(self._text) != obj:
            raise AssertionError(f"Not the same when read back from JSON: {obj}")

    @property
    def content(self) -> Object:
        """The object itself: don't change it."""
        if self._text:
            self._check()
        return self._obj

    def copy(self) -> Object:
        """Return a copy whose members can be replaced."""
        return self.content.copy()

    def _check(self) -> None:
        if copied(self._obj) != self._text:
            before: Any = loaded(self._text)
            names = [name for name, value in self._obj.items() if before[name] != value]
            raise AssertionError(f"In a {self._obj['object']}, {', '.join(names)} was changed in place.")

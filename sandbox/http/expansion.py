"""The parameter `expand`: replace ids by the objects that they name, along dotted paths of up to four segments.

The SDK's types say which fields can be expanded, so a wrong path is refused even if the field is null. Expand-only
members (core/kinds.py) come from the stored object, or from a function that a routes module registers with `provides`.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from stripe._object_classes import OBJECT_CLASSES, get_object_class

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.kinds import expand_only
from sandbox.core.store import Object
from sandbox.core.visibility import nested, public
from sandbox.http.contract import shapes
from sandbox.http.contract.shapes import Shape

MAX_DEPTH = 4
LISTS = ("list", "search_result")
TOTAL_COUNT = "total_count"  # Only search results have it; it is counted when it is asked for.

Provider = Callable[[Account, Object], Any]
PROVIDERS: dict[tuple[str, str], Provider] = {}


def provides(kind: str, name: str) -> Callable[[Provider], Provider]:
    """Register the function that computes an expand-only member, such as a session's `line_items`."""

    def register(provider: Provider) -> Provider:
        PROVIDERS[kind, name] = provider
        return provider

    return register


def expand(account: Account, obj: Object, paths: Iterable[str]) -> Object:
    """Return the public form of the object, with the members at the paths expanded.

    Raises ApiError for a path that is too deep or names a member that can't be expanded.
    """
    shown: Object = public(obj)
    for path in paths:
        if path == TOTAL_COUNT and "_total_count" in obj:
            shown[path] = obj["_total_count"]()
            continue
        segments = path.split(".")
        if len(segments) > MAX_DEPTH:
            raise ApiError.expanded_too_deep(path)
        expander = _Expander(account, path)
        if shown["object"] in LISTS:
            expander.expand_list(shown, None, segments)
        else:
            expander.expand(shown, _class_of(shown["object"]), segments)
    return shown


class _Expander:
    """Expands one path. Where a value is null, the rest of the path is checked against the types."""

    def __init__(self, account: Account, path: str) -> None:
        self.account = account
        self.path = path

    def expand(self, holder: Object | None, cls: type, segments: list[str]) -> None:
        """Expand the first segment in `holder`, an object of class `cls`, and the other segments within it."""
        name, *rest = segments
        declared = shapes.fields(cls).get(name)
        if declared is None:
            raise ApiError.not_expandable(self.path)
        shape = declared.item or declared
        hidden = name in expand_only(getattr(cls, "OBJECT_NAME", ""))
        if not rest and not hidden and not _is_reference(shape):
            raise ApiError.not_expandable(self.path)
        if holder is None:
            self.expand_rest(None, shape, rest)
            return
        holder[name] = self.reveal(holder, name) if hidden else self.fetch(holder.get(name), shape)
        for value in holder[name] if isinstance(holder[name], list) else [holder[name]]:
            self.expand_rest(value, shape, rest)

    def expand_rest(self, value: Any, shape: Shape, rest: list[str]) -> None:
        """Expand the remaining segments, if any, within the value."""
        if not rest:
            return
        if shape.data:
            self.expand_list(value, shape.data.item, rest)
        elif cls := _class_for(value, shape):
            self.expand(value if isinstance(value, dict) else None, cls, rest)
        else:
            raise ApiError.not_expandable(self.path)

    def expand_list(self, value: Object | None, shape: Shape | None, segments: list[str]) -> None:
        """Expand the path in each member of a list object; its first segment must be `data`."""
        if segments[0] != "data" or len(segments) == 1:
            raise ApiError.not_expandable(self.path)
        members = value["data"] if value else []
        for member in members:
            self.expand(member, _class_of(member["object"]), segments[1:])
        if not members and shape and (cls := _class_for(None, shape)):
            self.expand(None, cls, segments[1:])

    def fetch(self, value: Any, shape: Shape) -> Any:
        """Return the object that an id names; return other values and unknown ids unchanged."""
        if isinstance(value, list):
            return [self.fetch(member, shape) for member in value]
        if isinstance(value, str):
            for kind in _kinds(shape.resources):
                if found := self.account.store.get(kind, value):
                    return public(found)
        return value

    def reveal(self, holder: Object, name: str) -> Any:
        """Return the value of an expand-only member."""
        kind = holder["object"]
        source = self.account.store.get(kind, holder["id"]) or holder
        provider = PROVIDERS.get((kind, name))
        if provider is None and name not in source:
            raise ApiError.unsupported("expand", f"{kind}.{name}")
        return holder[name] if name in holder else nested(provider(self.account, source) if provider else source[name])


def _is_reference(shape: Shape) -> bool:
    return bool(shape.resources) and str in shape.scalars


def _class_of(kind: str) -> type:
    return get_object_class("V1", kind)


def _class_for(value: Any, shape: Shape) -> type | None:
    """Return the SDK's class of the value or, if that is null, the first class that its type allows."""
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        return _class_of(value["object"])
    if shape.members:
        return shape.members
    return next((_class_of(kind) for kind in _kinds(shape.resources)), None)


@cache
def _kinds(class_names: frozenset[str]) -> tuple[str, ...]:
    """Return the names of the kinds that have these SDK classes, `product` before `climate.product`."""
    kinds = (kind for kind, (_, name) in OBJECT_CLASSES.items() if name in class_names)
    return tuple(sorted(kinds, key=lambda kind: "." in kind))

"""`expand`: ids replaced by the objects they name, along dotted paths at most four segments deep.

Which fields can be expanded is read from the SDK's types, so a path is refused even where the field is null. Members
that Stripe shows only when asked (core/kinds.py) are taken from the stored object, or from the function that
routes register with `provides`.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from stripe._object_classes import OBJECT_CLASSES, get_object_class

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.kinds import expand_only
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.http.contract import shapes
from sandbox.http.contract.shapes import Shape

MAX_DEPTH = 4

Provider = Callable[[Account, Object], Any]
PROVIDERS: dict[tuple[str, str], Provider] = {}


def provides(kind: str, name: str) -> Callable[[Provider], Provider]:
    """Register the function that works out an expand-only member, such as a session's `line_items`."""

    def register(provider: Provider) -> Provider:
        PROVIDERS[kind, name] = provider
        return provider

    return register


def expand(account: Account, obj: Object, paths: Iterable[str]) -> Object:
    """Return the object as Stripe shows it, with what the paths name put in place.

    Raises ApiError for a path that is too deep or leads to something that cannot be expanded.
    """
    shown: Object = public(obj)
    for path in paths:
        segments = path.split(".")
        if len(segments) > MAX_DEPTH:
            raise ApiError.expanded_too_deep(path)
        expander = _Expander(account, path)
        if shown["object"] == "list":
            expander.expand_list(shown, None, segments)
        else:
            expander.expand(shown, _class_of(shown["object"]), segments)
    return shown


class _Expander:
    """Follows one path; where the value is null it goes on along the types alone, to refuse a wrong path."""

    def __init__(self, account: Account, path: str) -> None:
        self.account = account
        self.path = path

    def expand(self, holder: Object | None, cls: type, segments: list[str]) -> None:
        """Expand the first segment in `holder`, an instance of `cls`, and the others within it."""
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
        """Go on within the value, if there is anything left to follow."""
        if not rest:
            return
        if shape.data:
            self.expand_list(value, shape.data.item, rest)
        elif cls := _class_for(value, shape):
            self.expand(value if isinstance(value, dict) else None, cls, rest)
        else:
            raise ApiError.not_expandable(self.path)

    def expand_list(self, value: Object | None, shape: Shape | None, segments: list[str]) -> None:
        """Go on in every member of a list object, whose part of the path is `data`."""
        if segments[0] != "data" or len(segments) == 1:
            raise ApiError.not_expandable(self.path)
        members = value["data"] if value else []
        for member in members:
            self.expand(member, _class_of(member["object"]), segments[1:])
        if not members and shape and (cls := _class_for(None, shape)):
            self.expand(None, cls, segments[1:])

    def fetch(self, value: Any, shape: Shape) -> Any:
        """Return the object that an id names; anything else, and an id of nothing we hold, as it is."""
        if isinstance(value, list):
            return [self.fetch(member, shape) for member in value]
        if isinstance(value, str):
            for kind in _kinds(shape.resources):
                if found := self.account.store.get(kind, value):
                    return public(found)
        return value

    def reveal(self, holder: Object, name: str) -> Any:
        """Return a member that Stripe shows only when asked."""
        kind = holder["object"]
        source = self.account.store.get(kind, holder["id"]) or holder
        provider = PROVIDERS.get((kind, name))
        if provider is None and name not in source:
            raise ApiError.unsupported("expand", f"{kind}.{name}")
        return holder[name] if name in holder else public(provider(self.account, source) if provider else source[name])


def _is_reference(shape: Shape) -> bool:
    return bool(shape.resources) and str in shape.scalars


def _class_of(kind: str) -> type:
    return get_object_class("V1", kind)


def _class_for(value: Any, shape: Shape) -> type | None:
    """Return the class of the value, or of what could be there."""
    if isinstance(value, dict) and isinstance(value.get("object"), str):
        return _class_of(value["object"])
    if shape.members:
        return shape.members
    return next((_class_of(kind) for kind in _kinds(shape.resources)), None)


@cache
def _kinds(class_names: frozenset[str]) -> tuple[str, ...]:
    """Return the kinds of object that the SDK's class names stand for, `product` before `climate.product`."""
    kinds = (kind for kind, (_, name) in OBJECT_CLASSES.items() if name in class_names)
    return tuple(sorted(kinds, key=lambda kind: "." in kind))

"""The check of answers and events against the SDK's resource classes.

Each resource names its class in `object`. A field that is not Optional must be present and not null. Unknown fields
and enum values that this API version does not list are violations. An Optional field may be missing, because the SDK
does not say whether Stripe always sends it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from stripe import ListObject
from stripe._object_classes import OBJECT_CLASSES, get_object_class

from sandbox.core.account import API_VERSION, Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.contract import shapes
from sandbox.http.contract.shapes import Shape

DELETED: Final = {"id", "object", "deleted"}
DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
LONGEST_SHOWN: Final = 80
NOTHING: Final[Mapping[str, Shape]] = MappingProxyType({})


def check(account: Account, shown: Object) -> None:
    """Check an answer or event before it leaves the sandbox.

    Raises ApiError (500) for a violation, which is a bug of the sandbox, and adds it to `account.violations`.
    """
    if found := violations(shown):
        account.violations += found
        raise ApiError.server_error(f"The sandbox breaks Stripe's contract: {'; '.join(found)}")


def violations(answer: Mapping[str, Any]) -> list[str]:
    """Return the violations of an answer or event, one line each with the path of the field."""
    return _resource(answer, str(answer.get("object", "answer")))


def _resource(value: Any, path: str, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Check an object against the class that its `object` names."""
    kind = value.get("object") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in OBJECT_CLASSES:
        return [f"{path}: not a Stripe object: {_shown(value)}"]
    cls: type = get_object_class("V1", kind)
    if allowed and cls.__name__ not in allowed:
        return [f"{path}: {kind} where {' or '.join(sorted(allowed))} belongs"]
    if value.get("deleted") is True and "deleted" in shapes.fields(cls):
        return _deleted(value, path)
    if kind != "event":
        return _members(cls, value, path)
    if str(value.get("api_version"))[:10] < API_VERSION[:10]:
        # The SDK has only the types of its own API version, so the object of an older event is not checked.
        return _members(cls, {**value, "data": {"object": {}}}, path)
    found = _members(cls, value, path) + _event(value, path)
    # A renewal is announced with an invoice that does not exist yet, so it has no id.
    without_id = {f"{path}.data.object.id: missing"} if value.get("type") == "invoice.upcoming" else set()
    return [line for line in found if line not in without_id]


def _deleted(value: Mapping[str, Any], path: str) -> list[str]:
    extra = [f"{path}.{name}: not on a deleted object" for name in value if name not in DELETED]
    return extra + [f"{path}.{name}: missing" for name in sorted(DELETED - value.keys())]


def _members(cls: type, value: Mapping[str, Any], path: str, narrowed: Mapping[str, Shape] = NOTHING) -> list[str]:
    declared = {**shapes.fields(cls), **narrowed} if narrowed else shapes.fields(cls)
    found = [f"{path}.{name}: missing" for name in shapes.required(cls) if name not in value]
    for name, member in value.items():
        if shape := declared.get(name):
            found += _value(shape, member, f"{path}.{name}")
        else:
            found.append(f"{path}.{name}: not a field of {cls.__qualname__}")
    return found


def _value(shape: Shape, value: Any, path: str) -> list[str]:
    if value is None:
        return [] if shape.is_nullable or shape.is_anything else [f"{path}: null"]
    if isinstance(value, dict):
        return _object(shape, value, path)
    if isinstance(value, list) and shape.item:
        return [line for i, each in enumerate(value) for line in _value(shape.item, each, f"{path}[{i}]")]
    return [] if shape.is_anything or _is_scalar(shape, value) else [f"{path}: {_shown(value)}"]


def _object(shape: Shape, value: dict[str, Any], path: str) -> list[str]:
    if shape.is_anything:
        return _resource(value, path) if value.get("object") in OBJECT_CLASSES else []
    if shape.data:
        return _members(ListObject, value, path, {"data": shape.data})
    if shape.members:
        return _members(shape.members, value, path)
    if shape.entry:
        return [line for name, each in value.items() for line in _value(shape.entry, each, f"{path}.{name}")]
    if shape.resources:
        return _resource(value, path, shape.resources)
    return [f"{path}: {_shown(value)}"]


def _is_scalar(shape: Shape, value: Any) -> bool:
    if value.__class__ is not list and value in shape.choices:
        return True
    if not isinstance(value, str):
        return type(value) in shape.scalars or (type(value) is int and float in shape.scalars)
    if Decimal in shape.scalars:
        return DECIMAL.fullmatch(value) is not None
    return str in shape.scalars and not shape.choices


def _event(event: Mapping[str, Any], path: str) -> list[str]:
    """Check that an event's object is a resource, and that its previous attributes are fields of that resource."""
    data = event["data"] if isinstance(event.get("data"), dict) else {}
    subject = data.get("object")
    found = _resource(subject, f"{path}.data.object")
    if not isinstance(subject, dict) or subject.get("object") not in OBJECT_CLASSES:
        return found
    cls: type = get_object_class("V1", subject["object"])
    unknown = [name for name in data.get("previous_attributes") or {} if name not in shapes.fields(cls)]
    return found + [f"{path}.data.previous_attributes.{name}: not a field of {cls.__qualname__}" for name in unknown]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"

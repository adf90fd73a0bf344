"""The types of an answer's fields, read from the annotations of the SDK's resource classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from inspect import get_annotations
from types import GenericAlias, NoneType, UnionType
from typing import Any, ClassVar, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

import stripe
from stripe import ListObject, SearchResultObject, StripeObject
from stripe._stripe_object import UntypedStripeObject


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of one field.

    `resources` are the names of the classes that the value may have; `data` is the type of a list object's `data`.
    """

    is_anything: bool
    is_nullable: bool
    choices: frozenset[Any]
    scalars: frozenset[type]
    item: "Shape | None"
    entry: "Shape | None"
    members: type | None
    resources: frozenset[str]
    data: "Shape | None"


@cache
def fields(cls: type) -> Mapping[str, Shape]:
    """Return the fields that a resource class or an inner class declares."""
    declared: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is not StripeObject:
            declared |= get_annotations(base)
    declared |= UNDECLARED.get(cls, {})
    return {name: _shape(each) for name, each in declared.items() if get_origin(each) is not ClassVar}


@cache
def required(cls: type) -> tuple[str, ...]:
    """Return the names of the fields that must be present and not null."""
    return tuple(name for name, shape in fields(cls).items() if not shape.is_nullable)


def event_types() -> frozenset[str]:
    """Return the types of events that the SDK declares."""
    return fields(stripe.Event)["type"].choices


# Fields of list objects that the SDK does not declare.
UNDECLARED: dict[type, dict[str, Any]] = {
    ListObject: {"object": Literal["list"], "total_count": int | None},
    SearchResultObject: {
        "object": Literal["search_result"],
        "url": str,
        "next_page": str | None,
        "total_count": int | None,
    },
}


@cache
def _shape(annotation: Any) -> Shape:
    is_union = get_origin(annotation) in {Union, UnionType}
    alternatives: tuple[Any, ...] = get_args(annotation) if is_union else (annotation,)
    inner: dict[Any, tuple[Any, ...]] = {get_origin(each): get_args(each) for each in alternatives}
    return Shape(
        is_anything=any(each is Any or isinstance(each, TypeVar) for each in alternatives),
        is_nullable=NoneType in alternatives,
        choices=frozenset(inner.get(Literal, ())),
        scalars=frozenset({str, int, bool, float, Decimal}.intersection(alternatives)),
        item=_shape(inner[list][0]) if list in inner else None,
        entry=_shape(inner[UntypedStripeObject][0]) if UntypedStripeObject in inner else None,
        members=next((each for each in alternatives if _is_class(each)), None),
        resources=frozenset(_class_name(each) for each in alternatives if isinstance(each, str | ForwardRef)),
        data=_shape(GenericAlias(list, inner[ListObject])) if ListObject in inner else None,
    )


def _is_class(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, StripeObject)


def _class_name(reference: str | ForwardRef) -> str:
    """Return the class name of a forward reference, without the suffix of aliases such as `PriceResource`."""
    name = reference if isinstance(reference, str) else reference.__forward_arg__
    return name.removesuffix("Resource")

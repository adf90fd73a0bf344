"""The types of parameters, read from the SDK's TypedDicts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from stripe import RequestOptions, StripeContext
from stripe._stripe_object import UntypedStripeObject

# The SDK's TypedDicts come from typing_extensions; the functions of `typing` do not resolve their NotRequired.
from typing_extensions import get_type_hints, is_typeddict

SCALARS: Final = (bool, int, float, Decimal)
# Names in RequestOptions, which the TypedDicts inherit and the SDK's modules do not import.
INHERITED: Final = {
    "StripeContext": StripeContext,
    "Mapping": Mapping,
    "UntypedStripeObject": UntypedStripeObject,
}

# Parameters that Stripe unsets by an empty text, though the SDK declares no empty text for them.
CUSTOMER: Final = frozenset({"description", "email", "name", "phone"})
UNSET_TOO: Final[Mapping[str, frozenset[str]]] = {
    "CustomerCreateParams": CUSTOMER,
    "CustomerUpdateParams": CUSTOMER,
    "CustomerUpdateParamsInvoiceSettings": frozenset({"default_payment_method"}),
    "SubscriptionUpdateParams": frozenset({"default_payment_method"}),
}


@dataclass(frozen=True)
class Parameter:
    """The type of one parameter; an annotation with several alternatives sets several fields."""

    is_text: bool
    can_be_unset: bool
    choices: tuple[str, ...]
    scalars: tuple[type, ...]
    item: "Parameter | None"
    entry: "Parameter | None"
    members: type | None


@cache
def fields(members: type) -> dict[str, Parameter]:
    """Return the parameters that a TypedDict declares."""
    hints = get_type_hints(members, localns=INHERITED)
    declared = {name: _parameter(hint) for name, hint in hints.items() if name not in RequestOptions.__annotations__}
    unset = {name: replace(declared[name], can_be_unset=True) for name in UNSET_TOO.get(members.__name__, ())}
    return declared | unset


@cache
def required(members: type) -> tuple[str, ...]:
    """Return the names that must be given, in the SDK's order."""
    return tuple(name for name in fields(members) if name in members.__required_keys__)  # type: ignore[attr-defined]


@cache
def _parameter(annotation: Any) -> Parameter:
    is_union = get_origin(annotation) in {Union, UnionType}
    alternatives: tuple[Any, ...] = get_args(annotation) if is_union else (annotation,)
    inner: dict[Any, tuple[Any, ...]] = {get_origin(each): get_args(each) for each in alternatives}
    literals = [value for each in alternatives if get_origin(each) is Literal for value in get_args(each)]
    return Parameter(
        is_text=str in alternatives,
        can_be_unset="" in literals,
        choices=tuple(value for value in literals if value != ""),
        scalars=tuple(each for each in alternatives if each in SCALARS),
        item=_parameter(inner[list][0]) if list in inner else None,
        entry=_parameter(inner[dict][1]) if dict in inner else None,
        members=next((each for each in alternatives if is_typeddict(each)), None),
    )

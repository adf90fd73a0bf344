"""The request side: typed values from a decoded form, or Stripe's refusal naming the parameter.

An enum that the SDK leaves open (`Literal[…] | str`) is closed here: Stripe refuses a value that its API version
does not list.
"""

import re
from decimal import Decimal
from typing import Any, Final

from sandbox.core.errors import ApiError
from sandbox.http.contract import parameters
from sandbox.http.contract.operations import Operation
from sandbox.http.contract.parameters import Kind
from sandbox.http.forms import Form

INTEGER = re.compile(r"-?[0-9]{1,18}")
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
LIST_INDEX = re.compile(r"[0-9]{1,4}")
NOUNS: Final[dict[type, str]] = {bool: "boolean", int: "integer", float: "decimal", Decimal: "decimal"}


def coerce(operation: Operation, form: Form) -> dict[str, Any]:
    """Return the form's values as the types that the operation declares; "" stays "" where it means unset.

    Raises ApiError with Stripe's words and code, `param` in Stripe's bracket notation.
    """
    return _object(operation.params, form, "")


def _object(members: type, form: Form, prefix: str) -> dict[str, Any]:
    declared = parameters.fields(members)
    if unknown := [_under(prefix, name) for name in form if name not in declared]:
        raise ApiError.unknown_parameter(*unknown)
    values = {name: _value(declared[name], value, _under(prefix, name)) for name, value in form.items()}
    for name in parameters.required(members):
        if name not in values:
            raise ApiError.missing_parameter(_under(prefix, name))
    return values


def _under(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _value(kind: Kind, value: str | Form, name: str) -> Any:
    if isinstance(value, dict):
        return _nested(kind, value, name)
    if value == "":
        if kind.can_be_unset:
            return ""
        raise ApiError.empty_parameter(name)
    return _scalar(kind, value, name)


def _nested(kind: Kind, form: Form, name: str) -> Any:
    if kind.members:
        return _object(kind.members, form, name)
    if kind.entry:
        return {key: _entry(kind.entry, value, _under(name, key)) for key, value in form.items()}
    if kind.item:
        return _list(kind.item, form, name)
    raise _invalid(kind, form, name)


def _entry(kind: Kind, value: str | Form, name: str) -> Any:
    """Return one value of a free mapping; an empty one there removes its key (metadata)."""
    return "" if value == "" else _value(kind, value, name)


def _list(kind: Kind, form: Form, name: str) -> list[Any]:
    if not all(LIST_INDEX.fullmatch(index) for index in form):
        raise ApiError.invalid("Invalid array", param=name)
    return [_value(kind, form[index], _under(name, index)) for index in sorted(form, key=int)]


def _scalar(kind: Kind, text: str, name: str) -> Any:
    if text in kind.choices or (kind.is_text and not kind.choices):
        return text
    for scalar in kind.scalars:
        if scalar is bool and text in {"true", "false"}:
            return text == "true"
        if scalar is int and INTEGER.fullmatch(text):
            return int(text)
        if scalar in {float, Decimal} and NUMBER.fullmatch(text):
            return scalar(text)
    raise _invalid(kind, text, name)


def _invalid(kind: Kind, value: str | Form, name: str) -> ApiError:
    if kind.choices:
        return ApiError.invalid(f"Invalid {name}: must be one of {_either(kind.choices)}", param=name)
    if kind.scalars:
        noun = NOUNS[kind.scalars[0]]
        code = "parameter_invalid_integer" if noun == "integer" else None
        return ApiError.invalid(f"Invalid {noun}: {value}", param=name, code=code)
    if kind.is_text:
        return ApiError.invalid(f"Invalid string: {value}", param=name)
    return ApiError.invalid("Invalid array" if kind.item else "Invalid object", param=name)


def _either(choices: tuple[str, ...]) -> str:
    """Return `a`, `a or b`, or `a, b, or c`."""
    if len(choices) <= 2:  # noqa: PLR2004 - The series comma starts at three.
        return " or ".join(choices)
    return f"{', '.join(choices[:-1])}, or {choices[-1]}"

"""The check of requests: converts a decoded form to typed values, or raises Stripe's error naming the parameter.

Enums that the SDK leaves open (`Literal[…] | str`) are closed here: Stripe refuses values that the API version does
not list.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final

from sandbox.core.errors import ApiError
from sandbox.http.contract import parameters
from sandbox.http.contract.operations import Operation
from sandbox.http.contract.parameters import Parameter
from sandbox.http.forms import Form

INTEGER = re.compile(r"-?[0-9]{1,18}")
NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
LIST_INDEX = re.compile(r"[0-9]{1,4}")
BOOLEANS: Final = {"true": True, "false": False, "True": True, "False": False}
NOUNS: Final[dict[type, str]] = {bool: "boolean", int: "integer", float: "decimal", Decimal: "decimal"}


def coerce(operation: Operation, form: Form) -> dict[str, Any]:
    """Return the form's values in the types of the operation's parameters; "" stays "" where it unsets a value.

    Raises ApiError with Stripe's message and code, and `param` in bracket notation.
    """
    for name in form.keys() - parameters.fields(operation.params).keys():
        if f"{{{name}}}" in operation.template:
            raise ApiError.repeated_parameter(name)
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


def _value(parameter: Parameter, value: str | Form, name: str) -> Any:
    if isinstance(value, dict):
        return _nested(parameter, value, name)
    if value == "":
        if parameter.can_be_unset:
            return ""
        raise ApiError.empty_parameter(name)
    return _scalar(parameter, value, name)


def _nested(parameter: Parameter, form: Form, name: str) -> Any:
    if parameter.members:
        return _object(parameter.members, form, name)
    if parameter.entry:
        return {key: _entry(parameter.entry, value, _under(name, key)) for key, value in form.items()}
    if parameter.item:
        return _list(parameter.item, form, name)
    raise _invalid(parameter, form, name)


def _entry(parameter: Parameter, value: str | Form, name: str) -> Any:
    """Return one value of a mapping with free keys (metadata), where an empty text deletes the key."""
    return "" if value == "" else _value(parameter, value, name)


def _list(parameter: Parameter, form: Form, name: str) -> list[Any]:
    if not all(LIST_INDEX.fullmatch(index) for index in form):
        raise ApiError.invalid("Invalid array", param=name)
    return [_value(parameter, form[index], _under(name, index)) for index in sorted(form, key=int)]


def _scalar(parameter: Parameter, text: str, name: str) -> Any:
    if text in parameter.choices or (parameter.is_text and not parameter.choices):
        return text
    for scalar in parameter.scalars:
        if scalar is bool and text in BOOLEANS:
            return BOOLEANS[text]
        if scalar is int and INTEGER.fullmatch(text):
            return int(text)
        if scalar in {float, Decimal} and NUMBER.fullmatch(text):
            return scalar(text)
    raise _invalid(parameter, text, name)


def _invalid(parameter: Parameter, value: str | Form, name: str) -> ApiError:
    if parameter.choices:
        return ApiError.invalid(f"Invalid {name}: must be one of {_either(parameter.choices)}", param=name)
    if parameter.scalars:
        noun = NOUNS[parameter.scalars[0]]
        code = "parameter_invalid_integer" if noun == "integer" else None
        return ApiError.invalid(f"Invalid {noun}: {value}", param=name, code=code)
    if parameter.is_text:
        shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        return ApiError.invalid(f"Invalid string: {shown}", param=name)
    return ApiError.invalid("Invalid array" if parameter.item else "Invalid object", param=name)


def _either(choices: tuple[str, ...]) -> str:
    """Return `a`, `a or b`, or `a, b, or c`."""
    if len(choices) <= 2:  # noqa: PLR2004 - The series comma starts at three.
        return " or ".join(choices)
    return f"{', '.join(choices[:-1])}, or {choices[-1]}"

"""The `custom_fields` of a checkout session: the seller defines up to three, the buyer answers them."""

from typing import Any

from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params

MAX_FIELDS = 3
MAX_OPTIONS = 200
MAX_KEY = 200
MAX_LABEL = 50
MAX_OPTION = 100
LONGEST_ANSWER = 255


def from_request(given: list[Params], *, param: str = "custom_fields") -> list[Object]:
    """Return the fields without answers. Raises ApiError for fields that Stripe would refuse."""
    fields = [
        _field(each, f"{param}[{index}]")
        for index, each in enumerate(limits.items(given, param=param, most=MAX_FIELDS))
    ]
    keys = [field["key"] for field in fields]
    if len(set(keys)) < len(keys):
        raise ApiError.invalid("The `key` of each custom field must be unique.", param=param)
    return fields


def answered(fields: list[Object], answers: dict[str, str]) -> list[Object]:
    """Return the fields with the buyer's answers, by key.

    Raises ApiError with the param `custom_fields[<key>]` for a missing or an unfit answer.
    """
    for key in answers.keys() - {field["key"] for field in fields}:
        raise ApiError.unknown_parameter(f"custom_fields[{key}]")
    return [_with_answer(field, answers.get(field["key"], "").strip()) for field in fields]


def default(field: Object) -> str:
    """Return the value that fills in the field before the buyer types."""
    return str(field[field["type"]]["default_value"] or "")


def _field(given: Params, path: str) -> Object:
    kind = given["type"]
    for other in {"dropdown", "numeric", "text"} - {kind}:
        if other in given:
            raise ApiError.invalid(f"You can't pass `{other}` to a field of type `{kind}`.", param=f"{path}[{other}]")
    if not given["key"].isalnum():
        raise ApiError.invalid("The key of a custom field must be alphanumeric.", param=f"{path}[key]")
    label = limits.required_text(given["label"]["custom"], param=f"{path}[label][custom]", longest=MAX_LABEL)
    details = _dropdown(given, path) if kind == "dropdown" else _written(given.get(kind, {}), f"{path}[{kind}]")
    return {
        "key": limits.text(given["key"], param=f"{path}[key]", longest=MAX_KEY),
        "label": {"custom": label, "type": "custom"},
        "optional": given.get("optional", False),
        kind: {**details, "value": None},
        "type": kind,
    }


def _dropdown(given: Params, path: str) -> dict[str, Any]:
    if "dropdown" not in given:
        raise ApiError.missing_parameter(f"{path}[dropdown]")
    path = f"{path}[dropdown]"
    options = limits.items(given["dropdown"]["options"], param=f"{path}[options]", most=MAX_OPTIONS)
    for index, option in enumerate(options):
        limits.required_text(option["label"], param=f"{path}[options][{index}][label]", longest=MAX_OPTION)
        if not option["value"].isalnum():
            raise ApiError.invalid(
                "The value of an option must be alphanumeric.", param=f"{path}[options][{index}][value]"
            )
    default_value = given["dropdown"].get("default_value")
    if default_value is not None and default_value not in {option["value"] for option in options}:
        raise ApiError.invalid("The default value must be the value of an option.", param=f"{path}[default_value]")
    return {"default_value": default_value, "options": options}


def _written(given: Params, path: str) -> dict[str, Any]:
    lengths = {name: given.get(name) for name in ("maximum_length", "minimum_length")}
    for name, value in lengths.items():
        if value is not None and not 1 <= value <= LONGEST_ANSWER:
            raise ApiError.invalid(f"`{name}` must be from 1 to {LONGEST_ANSWER}.", param=f"{path}[{name}]")
    return {"default_value": given.get("default_value"), **lengths}


def _with_answer(field: Object, answer: str) -> Object:
    kind, param = field["type"], f"custom_fields[{field['key']}]"
    if not answer:
        if not field["optional"]:
            raise ApiError.invalid(f"{field['label']['custom']} is required.", param=param)
        return field
    if problem := _problem(field, answer):
        raise ApiError.invalid(f"{field['label']['custom']} {problem}.", param=param)
    return {**field, kind: {**field[kind], "value": answer}}


def _problem(field: Object, answer: str) -> str | None:
    """Return why the answer does not fit the field, None if it does."""
    details = field[field["type"]]
    if field["type"] == "dropdown":
        return None if answer in {option["value"] for option in details["options"]} else "must be one of the options"
    if field["type"] == "numeric" and not (answer.isascii() and answer.isdigit()):
        return "must have digits only"
    least, most = details["minimum_length"] or 0, details["maximum_length"] or LONGEST_ANSWER
    if len(answer) < least:
        return f"must have at least {least} characters"
    return f"must have at most {most} characters" if len(answer) > most else None

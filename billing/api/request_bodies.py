"""Request bodies of the JSON API: JSON or a form, read into a pydantic model; errors name the field.

In a form every value is text: digits are read as a number, and an empty value as absent.
"""

import json
import re
from collections.abc import Container
from typing import Annotated, Any, TypeVar

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from billing import money
from billing.api.refusals import Refusal
from billing.catalog.forms import MAX_TRIAL_DAYS

JSON_TYPE = "application/json"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

MAX_ID = 255
MAX_COUNT = 999
DIGITS = re.compile(r"-?[0-9]{1,18}")
SWITCH = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}

# PostgreSQL stores no null byte.
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

# Django replaces bytes of a form that are not UTF-8 with it.
UNREAD = "\N{REPLACEMENT CHARACTER}"

# Django's errors for a body: too large, too many fields, malformed, in another encoding, incomplete.
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)

Model = TypeVar("Model", bound=BaseModel)


class Typed(str):
    """A value of a form, which is always text."""

    __slots__ = ()


def _number(value: object) -> object:
    return int(value) if isinstance(value, Typed) and DIGITS.fullmatch(value) else value


def _switch(value: object) -> object:
    return SWITCH.get(value.lower(), value) if isinstance(value, Typed) else value


def _text(value: object) -> object:
    return str(value) if isinstance(value, Typed) else value


def _currency(value: str) -> str:
    if not money.is_currency(value):
        raise ValueError(f"“{value}” is not a currency.")
    return value.lower()


Count = Annotated[int, Field(strict=True, ge=1, le=MAX_COUNT), BeforeValidator(_number)]
Switch = Annotated[bool, Field(strict=True), BeforeValidator(_switch)]
Text = Annotated[str, Field(strict=True, pattern=NO_NUL), BeforeValidator(_text)]
Name = Annotated[str, Field(strict=True, pattern=NOT_BLANK), AfterValidator(str.strip), BeforeValidator(_text)]
Id = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_ID, pattern=NO_NUL), BeforeValidator(_text)]
Trial = Annotated[int, Field(strict=True, ge=0, le=MAX_TRIAL_DAYS), BeforeValidator(_number)]
Amount = Annotated[int, Field(strict=True, ge=0, le=money.MAX_UNIT_AMOUNT), BeforeValidator(_number)]
Currency = Annotated[
    str, Field(strict=True, pattern=r"^[A-Za-z]{3}$"), AfterValidator(_currency), BeforeValidator(_text)
]


def read(request: HttpRequest, model: type[Model]) -> Model:
    """The request's body as this model. Raises Refusal (422) that names the invalid fields."""
    try:
        return model.model_validate(_sent(request, model.model_fields))
    except ValidationError as error:
        raise Refusal.bad_input(**{_field(problem): _reason(problem) for problem in error.errors()}) from error


def takes(model: type[BaseModel], *, is_required: bool = True, **sample: Any) -> dict[str, Any]:
    """The OpenAPI description of a body for `read`: the same fields and sample for JSON and forms."""
    schema = model.model_json_schema()
    as_form = {**schema, "properties": {name: _form_field(field) for name, field in schema["properties"].items()}}
    schemas = {JSON_TYPE: schema, **dict.fromkeys(FORM_TYPES, as_form)}
    content = {kind: {"schema": shape, "example": sample} for kind, shape in schemas.items()}
    return {"requestBody": {"content": content, "required": is_required}}


def unreadable(error: Exception) -> Refusal:
    """The refusal of a body that Django can't read; its CSRF check reads a form before `read` does."""
    if isinstance(error, RequestDataTooBig):
        return _too_large()
    return Refusal.bad_input(body=f"The form can't be read: {error}")


def either(*names: str) -> dict[str, Any]:
    """For a model's `json_schema_extra`: one of these fields is required."""
    return {"anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]}


def _sent(request: HttpRequest, known: Container[str]) -> dict[str, Any]:
    # Checked before reading: Django's own limit does not count files or a form that it has already parsed.
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise _too_large()
    try:
        if request.content_type in FORM_TYPES:
            return _form(request, known)
        if request.content_type in ("", JSON_TYPE) or not request.body:
            return _json(request.body)
    except UNREADABLE as error:
        raise unreadable(error) from error
    kinds = ", ".join((JSON_TYPE, *FORM_TYPES))
    raise Refusal.bad_input(body=f"“{request.content_type}” is not understood here. Send {kinds}.")


def _form(request: HttpRequest, known: Container[str]) -> dict[str, Any]:
    sent: dict[str, Any] = {}
    for name, values in request.POST.lists():
        if name in known and len(set(values)) > 1:
            raise Refusal.bad_input(**{name: "This is given more than once."})
        if name in known and UNREAD in values[0]:
            raise Refusal.bad_input(**{name: "This is not UTF-8."})
        if values[0]:
            sent[name] = Typed(values[0])
    return sent


def _json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        sent = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal.bad_input(body="This is not JSON.") from error
    if not isinstance(sent, dict):
        raise Refusal.bad_input(body="The body must be a JSON object.")
    return sent


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _too_large() -> Refusal:
    return Refusal.bad_input(body=f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")


def _field(problem: Any) -> str:
    return str(problem["loc"][0]) if problem["loc"] else "body"


def _reason(problem: Any) -> str:
    return str(problem["ctx"]["error"]) if problem["type"] == "value_error" else f"{problem['msg']}."


def _form_field(field: dict[str, Any]) -> dict[str, Any]:
    """A field's schema without null: a form leaves the field out instead."""
    choices = [choice for choice in field.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) != 1:
        return field
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "default"}}
    return {**rest, **choices[0]}

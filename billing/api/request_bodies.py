"""Request bodies of the JSON API: JSON or a form, read into a pydantic model; errors name the field.

In a form every value is text: digits are read as a number, and an empty value as absent. A field that the endpoint
does not have is refused, in a body and in the address: a misspelt one would otherwise ask for something else.
"""

import inspect
import re
from collections.abc import Callable, Collection
from functools import wraps
from typing import Annotated, Any, TypeVar

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from billing import money, strict_json
from billing.api.refusals import Refusal
from billing.catalog.forms import MAX_TRIAL_DAYS

JSON_TYPE = "application/json"
MULTIPART = "multipart/form-data"
FORM_TYPES = ("application/x-www-form-urlencoded", MULTIPART)

MAX_ID = 255
MAX_COUNT = 999
DIGITS = re.compile(r"-?[0-9]{1,18}")
SWITCH = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}

# PostgreSQL stores no null byte.
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"

# Django replaces bytes of a form that are not UTF-8 with it.
UNREAD = "\N{REPLACEMENT CHARACTER}"

# The field that Django adds to the forms of this site as its CSRF token.
CSRF_FIELD = "csrfmiddlewaretoken"
# An answer repeats at most this many field names of a request, and this many characters of a name.
MAX_NAMED = 20
MAX_NAME_SHOWN = 100
TWICE = "This is given more than once."

# Django's errors for a body: too large, too many fields, malformed, in another encoding, incomplete.
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)

Model = TypeVar("Model", bound="Body")


class Body(BaseModel):
    """The base of every body: other fields than its own are refused."""

    model_config = ConfigDict(extra="forbid")


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
    known = list(model.model_fields)
    try:
        return model.model_validate(_sent(request, known))
    except ValidationError as error:
        problems = error.errors(include_url=False)[:MAX_NAMED]
        raise Refusal.bad_input(**{_field(problem): _reason(problem, known) for problem in problems}) from error


def refuse_unknown_query(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate an endpoint of the API: what the address adds after `?` is refused unless the endpoint takes it."""
    known = [name for name in inspect.signature(endpoint).parameters if name != "request"]

    @wraps(endpoint)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        problems: dict[str, str] = {}
        for name, values in list(request.GET.lists())[:MAX_NAMED]:
            if name not in known:
                problems[_shortened(name)] = "This is not read from the address; send fields in the body of a POST."
            elif len(values) > 1:
                problems[name] = TWICE
        if problems:
            raise Refusal.bad_input(**problems)
        return endpoint(request, *args, **kwargs)

    return checked


def takes(model: type[Body], *, is_required: bool = True, **sample: Any) -> dict[str, Any]:
    """The OpenAPI description of a body for `read`: the same fields and sample for JSON and forms."""
    schema = model.model_json_schema()
    as_form = {**schema, "properties": {name: _form_field(field) for name, field in schema["properties"].items()}}
    schemas = {JSON_TYPE: schema, **dict.fromkeys(FORM_TYPES, as_form)}
    content = {kind: {"schema": shape, "example": sample} for kind, shape in schemas.items()}
    return {"requestBody": {"content": content, "required": is_required}}


def unreadable(error: Exception) -> Refusal:
    """The refusal of a body that Django can't read; its CSRF check reads a form before `read` does."""
    if isinstance(error, RequestDataTooBig):
        return Refusal.bad_input(body=f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")
    return Refusal.bad_input(body=f"The form can't be read: {error}")


def either(*names: str) -> dict[str, Any]:
    """For a model's `json_schema_extra`: one of these fields is required."""
    return {"anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]}


def _sent(request: HttpRequest, known: Collection[str]) -> dict[str, Any]:
    try:
        if request.content_type in FORM_TYPES:
            return _form(request, known)
        if request.content_type in ("", JSON_TYPE) or not request.body:
            return _json(request.body)
    except UNREADABLE as error:
        raise unreadable(error) from error
    kinds = ", ".join((JSON_TYPE, *FORM_TYPES))
    raise Refusal.bad_input(body=f"“{request.content_type}” is not understood here. Send {kinds}.")


def _form(request: HttpRequest, known: Collection[str]) -> dict[str, Any]:
    if request.content_type == MULTIPART:
        _refuse_lost_parts(request)
    sent: dict[str, Any] = {}
    for name, values in request.POST.lists():
        if name == CSRF_FIELD:
            continue
        if len(values) > 1:
            raise Refusal.bad_input(**{_shortened(name): TWICE})
        if name in known and UNREAD in values[0]:
            raise Refusal.bad_input(**{name: "This is not UTF-8."})
        # An empty field counts as left out, but only where it is one of the endpoint's.
        if values[0] or name not in known:
            sent[name] = Typed(values[0])
    for name in request.FILES:
        raise Refusal.bad_input(**{_shortened(name): "This is a file; send the value as text."})
    return sent


def _refuse_lost_parts(request: HttpRequest) -> None:
    """Refuse a form with parts that Django drops: those without a name, and what follows where the body is cut off."""
    parts = sum(len(values) for _, values in request.POST.lists())
    parts += sum(len(files) for _, files in request.FILES.lists())
    delimiter = f"--{(request.content_params or {}).get('boundary', '')}".encode()
    if request.body.count(delimiter) != parts + 1 or delimiter + b"--" not in request.body:
        raise Refusal.bad_input(body="The form can't be read: a part has no name, or the end is missing.")


def _json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        sent = strict_json.loads(body, parse_constant=_refuse_constant)
    except strict_json.GivenTwice as error:
        raise Refusal.bad_input(**{_shortened(error.name): TWICE}) from error
    except (ValueError, RecursionError) as error:
        raise Refusal.bad_input(body="This is not JSON.") from error
    if not isinstance(sent, dict):
        raise Refusal.bad_input(body="The body must be a JSON object.")
    return sent


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _field(problem: Any) -> str:
    return _shortened(str(problem["loc"][0])) if problem["loc"] else "body"


def _reason(problem: Any, known: Collection[str]) -> str:
    match problem["type"]:
        case "value_error":
            return str(problem["ctx"]["error"])
        case "extra_forbidden":
            return f"There is no such field here. There are: {', '.join(known)}."
    return f"{problem['msg']}."


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME_SHOWN else f"{name[:MAX_NAME_SHOWN]}…"


def _form_field(field: dict[str, Any]) -> dict[str, Any]:
    """A field's schema without null: a form leaves the field out instead."""
    choices = [choice for choice in field.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) != 1:
        return field
    rest = {name: value for name, value in field.items() if name not in {"anyOf", "default"}}
    return {**rest, **choices[0]}

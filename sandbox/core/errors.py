"""Stripe's errors: ApiError holds the HTTP status and the members of an error answer, in Stripe's words and codes.

Routes and rules raise it, with a named constructor where several need the same error, else with `ApiError.invalid`.
api.py turns it into the response.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any, Self

from sandbox.core.kinds import KINDS

DOCS = "https://stripe.com/docs/error-codes"
PAYMENT_METHOD = "payment_method"
# The name of the id in the path in errors, where that is not `id`.
PATH_PARAMETERS = {
    "checkout.session": "session",
    "payment_intent": "intent",
    PAYMENT_METHOD: PAYMENT_METHOD,
    "setup_intent": "intent",
}
MAYBE_CONNECTED = (
    "It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this "
    "request on that connected account. Learn more at https://stripe.com/docs/connect/authentication"
)
NAMED_IN_MESSAGE = frozenset({"parameter_missing", "parameter_unknown", "sandbox_unsupported"})
TRAILING_SLASH = (
    "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure "
    "you passed a valid (non-empty) identifier in your code."
)
SUPPORT = "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."


class ApiError(Exception):
    """One error answer: the HTTP status and the members of Stripe's `error` object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's name for it.
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """Return the JSON body, without the members that are None."""
        members = {
            "code": self.code,
            "decline_code": self.decline_code,
            "doc_url": f"{DOCS}/{self.code.replace('_', '-')}" if self.code else None,
            "message": self.message,
            "param": self.param,
            **self.extra,
            "type": self.type,
        }
        return {"error": {name: value for name, value in members.items() if value is not None}}

    def put_within(self, parameter: str) -> None:
        """Put this parameter before the name of the refused one. Errors of cards keep the short name."""
        if self.param is None or self.type == "card_error":
            return
        name, bracket, rest = self.param.partition("[")
        inner, self.param = self.param, f"{parameter}[{name}]{bracket}{rest}"
        if self.code in NAMED_IN_MESSAGE:
            self.message = self.message.replace(inner, self.param)

    def take_out_of(self, parameter: str) -> None:
        """Remove this parameter from the name of the refused one, if it begins with it."""
        if self.param is None or not self.param.startswith(f"{parameter}["):
            return
        inner, _, rest = self.param.removeprefix(f"{parameter}[").partition("]")
        self.message = self.message.replace(self.param, inner + rest)
        self.param = inner + rest

    @classmethod
    def invalid(cls, message: str, *, param: str | None = None, code: str | None = None) -> Self:
        """Refuse a request (400) whose parameters have the right types but unacceptable values."""
        return cls(message, param=param, code=code)

    @classmethod
    def missing(cls, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Self:
        """Say that no such object exists: 404 for an id in the path, 400 for one in a parameter."""
        noun = KINDS[kind].noun or kind.replace(".", " ").replace("_", " ")
        message = f"No such {noun}: '{object_id}'"
        if kind == PAYMENT_METHOD:
            message = f"{message}; {MAYBE_CONNECTED}"
        if param == "id":
            param = PATH_PARAMETERS.get(kind, param)
        return cls(message, status=status, code="resource_missing", param=param)

    @classmethod
    def unknown_parameter(cls, *names: str) -> Self:
        plural = "s" if len(names) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(names)}"
        return cls(message, code="parameter_unknown", param=names[0])

    @classmethod
    def repeated_parameter(cls, name: str) -> Self:
        return cls(
            f"A parameter provided in the URL ({name}) was repeated as a GET or POST parameter. You can only provide "
            "this information as a portion of the URL.",
            param=name,
        )

    @classmethod
    def missing_parameter(cls, name: str) -> Self:
        return cls(f"Missing required param: {name}.", code="parameter_missing", param=name)

    @classmethod
    def empty_parameter(cls, name: str) -> Self:
        return cls(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or "
            f"supply a non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )

    @classmethod
    def no_key(cls) -> Self:
        return cls(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )

    @classmethod
    def wrong_key(cls, key: str) -> Self:
        shown = key[:8] + "*" * max(0, len(key) - 12) + key[-4:] if len(key) > 12 else "*" * len(key)  # noqa: PLR2004
        return cls(f"Invalid API Key provided: {shown}", status=401)

    @classmethod
    def wrong_version(cls, asked: str, newest: str) -> Self:
        return cls(f"Invalid Stripe API version: {asked}. The newest version that this sandbox knows is {newest}.")

    @classmethod
    def unrecognized_url(cls, method: str, path: str) -> Self:
        hint = f"{TRAILING_SLASH} " if path.endswith("/") else ""
        return cls(f"Unrecognized request URL ({method}: {path}). {hint}{SUPPORT}", status=404)

    @classmethod
    def unsupported(cls, method: str, path: str) -> Self:
        return cls(
            f"Stripe has {method} {path}, this sandbox does not. Use a Stripe test account for it, or add it "
            f"to the routes under sandbox/.",
            status=404,
            code="sandbox_unsupported",
        )

    @classmethod
    def unsupported_parameter(cls, name: str) -> Self:
        return cls(
            f"Stripe takes '{name}' here, this sandbox does not. Use a Stripe test account for it.",
            code="sandbox_unsupported",
            param=name,
        )

    @classmethod
    def not_expandable(cls, path: str) -> Self:
        return cls(f"This property cannot be expanded ({path}).", param="expand")

    @classmethod
    def expanded_too_deep(cls, path: str) -> Self:
        return cls(f"You cannot expand more than 4 levels of a property. Property: {path}", param="expand")

    @classmethod
    def idempotency_params(cls, key: str) -> Self:
        return cls(
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. Try using a key other than '{key}' if you meant to execute a different request.",
            type="idempotency_error",
        )

    @classmethod
    def idempotency_path(cls, key: str, first: str, now: str) -> Self:
        return cls(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{now}' vs '{first}'). Try using a key other than '{key}' if you meant to execute a different "
            f"request.",
            type="idempotency_error",
        )

    @classmethod
    def idempotency_in_flight(cls, key: str) -> Self:
        return cls(
            "There is currently another in-progress request using this Idempotent Key (that probably means "
            f"you submitted twice, and the other request is still going through): {key}. Please try again "
            f"later.",
            status=409,
            type="idempotency_error",
            code="idempotency_key_in_use",
        )

    @classmethod
    def rate_limited(cls) -> Self:
        return cls(
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
            status=429,
            code="rate_limit",
        )

    @classmethod
    def server_error(cls, message: str = "An unknown error occurred", *, status: int = 500) -> Self:
        return cls(message, status=status, type="api_error")

    @classmethod
    def card(cls, message: str, *, code: str, decline_code: str | None = None, **extra: Any) -> Self:
        """Refuse a payment (402); `extra` carries `payment_intent`, `payment_method`, `charge`."""
        return cls(message, status=402, type="card_error", code=code, decline_code=decline_code, **extra)


@contextmanager
def within(parameter: str, *, members: Container[str] | None = None) -> Iterator[None]:
    """Put this parameter before the name of the one that the block refuses: `type` is `payment_method_data[type]`.

    With `members`, only their names are changed.
    """
    try:
        yield
    except ApiError as error:
        if members is None or error.param is None or error.param.partition("[")[0] in members:
            error.put_within(parameter)
        raise


@contextmanager
def without(parameter: str) -> Iterator[None]:
    """Remove this parameter from the name of the one that the block refuses: `items[0][price]` is `price`."""
    try:
        yield
    except ApiError as error:
        error.take_out_of(parameter)
        raise

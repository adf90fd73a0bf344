"""The error responses of the JSON API: `{"error": {"code", "message", "fields"?}}`."""

from http import HTTPStatus
from typing import Any, Self

from django.http import JsonResponse
from pydantic import BaseModel, Field


class Error(BaseModel):
    code: str = Field(description="Identifies the kind of failure, for programs.", examples=["not_found"])
    message: str = Field(description="The failure in words, for people.", examples=["There is no price price_1."])
    fields: dict[str, str] = Field(default_factory=dict, description="The invalid fields and why; only for bad input.")


class Failure(BaseModel):
    error: Error


class Conflict(Failure):
    """A failure because of existing objects, with their ids."""

    product_id: str = ""
    price_id: str = ""
    subscription_id: str = ""
    payment_id: str = ""
    ids: list[str] = Field(default_factory=list, description="The ids to choose from.")


class Refusal(Exception):
    """The request was not carried out; `response()` says why."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields: dict[str, str] = more.pop("fields", {})
        self.retry_after: int | None = more.pop("retry_after", None)
        self.headers: dict[str, str] = more.pop("headers", {})
        self.ids = more

    @classmethod
    def bad_input(cls, /, **fields: str) -> Self:
        message = " ".join(f"{field}: {reason}" for field, reason in fields.items())
        return cls(HTTPStatus.UNPROCESSABLE_ENTITY, "bad_input", message, fields=fields)

    @classmethod
    def not_signed_in(cls, message: str = "Sign in, or send Authorization: Bearer TOKEN.") -> Self:
        return cls(HTTPStatus.UNAUTHORIZED, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})

    @classmethod
    def forbidden(cls, message: str) -> Self:
        return cls(HTTPStatus.FORBIDDEN, "forbidden", message)

    @classmethod
    def not_found(cls, message: str) -> Self:
        return cls(HTTPStatus.NOT_FOUND, "not_found", message)

    @classmethod
    def not_possible(cls, message: str) -> Self:
        return cls(HTTPStatus.BAD_REQUEST, "not_possible", message)

    @classmethod
    def stripe_refused(cls, message: str) -> Self:
        return cls(HTTPStatus.BAD_REQUEST, "stripe_refused", message)

    @classmethod
    def conflict(cls, code: str, message: str, **ids: Any) -> Self:
        return cls(HTTPStatus.CONFLICT, code, message, **ids)

    @classmethod
    def too_many(cls, seconds: int) -> Self:
        message = f"Too many requests. Try again in {seconds} seconds."
        return cls(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", message, retry_after=seconds)

    def response(self) -> JsonResponse:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields:
            error["fields"] = self.fields
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return JsonResponse({"error": error, **self.ids}, status=self.status, headers=headers)

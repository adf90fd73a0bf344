"""Completes the OpenAPI description that Ninja generates: failures, headers, examples and links."""

from typing import Any

from billing.api.refusals import Failure
from config.api.links import add_links

DESCRIPTION = """
Everything that a front end does: plans, buying, changing and cancelling, and for staff the products themselves.

* **Money** is always a whole number in the currency's minor unit: `unit_amount=1900` is 19.00 USD, or 1900 JPY.
* **Bodies** are JSON, `application/x-www-form-urlencoded` or `multipart/form-data`, with the same fields. In a form an
  empty field counts as left out. A field that the endpoint does not have or that is given twice is refused (422).
* **Sign in** with `Authorization: Bearer TOKEN`, or with this site's session cookie and its CSRF token.
* **On whose behalf**: staff may name anyone in `user_name`, as far as their permissions in the admin go. Others
  act for themselves and may leave it out.
* **Repeating a request** does nothing twice: the answer is the first one again, or 409 with the ids of what exists.
  After a product is renamed, its old name answers 404.
* **Failures** all look like `{"error": {"code", "message", "fields"?}}`. `X-Request-Id` is on every answer and in the
  log; send your own to find a request again.
"""

SAMPLES: dict[str, tuple[str, str, str]] = {
    "400": ("Stripe refused, or the state does not allow it.", "stripe_refused", "Your card was declined."),
    "401": ("Not signed in.", "unauthorized", "This token is unknown, expired or revoked."),
    "403": ("Signed in, and not allowed.", "forbidden", "Only staff act for somebody else."),
    "404": ("It does not exist, or it is somebody else's.", "not_found", "There is no price price_1Qx."),
    "409": ("It exists already; its ids are beside the error.", "name_taken", "It is taken."),
    "422": ("Bad input, by field.", "bad_input", "unit_amount: Input should be a valid integer."),
    "429": ("Too many requests.", "rate_limited", "Too many requests. Try again in 12 seconds."),
    "503": ("Stripe can't be reached.", "stripe_unavailable", "Stripe can't be reached, so this is not done yet."),
}
WITH_RETRY = {"429", "503"}
FAILURE = {"$ref": "#/components/schemas/Failure"}
REQUEST_ID = {"description": "The request's id, as in the log.", "schema": {"type": "string"}}
RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
# 400 answers a null byte in the address, 422 a field there that the endpoint does not read.
ANYONE = ("400", "422", "429")
# Endpoints describe their own 409 answers, which carry ids besides the failure.
SIGNED_IN = ("400", "401", "403", "404", "422", "429", "503")


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """Add what Ninja leaves out to its description, and return it."""
    _define_failure(schema["components"]["schemas"])
    for methods in schema["paths"].values():
        for operation in methods.values():
            _complete_operation(operation)
            add_links(operation)
    schema["tags"] = [{"name": name} for name in ("Catalog", "People", "Buying", "Changing")]
    return schema


def _define_failure(schemas: dict[str, Any]) -> None:
    failure = Failure.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= failure.pop("$defs")
    schemas["Failure"] = failure


def _complete_operation(operation: dict[str, Any]) -> None:
    responses = {str(status): answer for status, answer in operation["responses"].items()}
    for status in _failures_of(operation):
        responses.setdefault(status, {"content": {"application/json": {"schema": FAILURE}}})
    for status, answer in responses.items():
        answer["headers"] = {"X-Request-Id": REQUEST_ID}
        if status in WITH_RETRY:
            answer["headers"]["Retry-After"] = RETRY_AFTER
        if status in SAMPLES:
            description, code, message = SAMPLES[status]
            answer["description"] = description
            error: dict[str, Any] = {"code": code, "message": message}
            if status == "422":
                error["fields"] = {"unit_amount": "Input should be a valid integer."}
            answer["content"]["application/json"]["example"] = {"error": error}
    operation["responses"] = dict(sorted(responses.items()))


def _failures_of(operation: dict[str, Any]) -> tuple[str, ...]:
    if "security" not in operation:
        return ANYONE
    return SIGNED_IN if "requestBody" in operation else ("400", "401", "422", "429")

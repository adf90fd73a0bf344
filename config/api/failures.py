"""Turn every error under /api/ into the JSON API's error response, with the request's id."""

import logging
import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from ninja.errors import AuthenticationError, Throttled

from billing import money
from billing.api.catalog import ProductAnswer
from billing.api.refusals import Refusal
from billing.api.request_bodies import UNREADABLE, unreadable
from billing.catalog import lookup, offers
from billing.catalog.errors import ChangedMeanwhile, HasOtherCurrencies, HasOtherTerms, NotOnSale
from billing.errors import StripeMisconfigured, StripeRefused, StripeUnavailable
from config.web.bodies import is_too_large
from subscriptions.checkout.errors import CannotBuy, NoSuchPrice, NotByQuantity, OtherMode
from subscriptions.plans.errors import SubscriptionRefusal

logger = logging.getLogger(__name__)

PREFIX = "/api/"
ID_HEADER = "X-Request-Id"
SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The Retry-After header of each.
UNAVAILABLE_SECONDS = 5
MISCONFIGURED_SECONDS = 60

# Codes and messages for requests that Django refuses before an endpoint runs.
BY_STATUS = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "This request can't be understood."),
    HTTPStatus.FORBIDDEN: ("forbidden", "This is not allowed."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This method is not allowed here."),
}
INTERNAL = ("internal_error", "Something went wrong here. It is in our log under this request's id.")


class JsonFailures:
    """Give each request under /api/ an id, and turn each error response into the API's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        sent = request.headers.get(ID_HEADER, "")
        request_id = sent if SANE_ID.fullmatch(sent) else uuid.uuid4().hex
        request.id = request_id  # type: ignore[attr-defined]
        response = _too_large(request) or self.get_response(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            response = _in_shape(response)
        path = escape_uri_path(request.path)
        logger.info("%s %s answered %s, request %s", request.method, path, response.status_code, request_id)
        response[ID_HEADER] = request_id
        return response


def _too_large(request: HttpRequest) -> HttpResponse | None:
    """The response to a body that is too large; nothing of it is read, neither by Django nor by an endpoint."""
    return unreadable(RequestDataTooBig()).response() if is_too_large(request) else None


def failure(request: HttpRequest, error: Any) -> HttpResponse:
    """The response to an error that an endpoint raised."""
    refusal = _refusal(error)
    if refusal is None:
        request_id = getattr(request, "id", "")
        logger.error("request %s failed at %s", request_id, escape_uri_path(request.path), exc_info=error)
        refusal = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, *INTERNAL)
    return refusal.response()


def _refusal(error: Exception) -> Refusal | None:
    """The refusal for an error; None for an unexpected error."""
    match error:
        case Refusal():
            return error
        case StripeUnavailable() | StripeRefused() | StripeMisconfigured():
            return _of_stripe(error)
        case CannotBuy() | SubscriptionRefusal():
            return _of_subscriptions(error)
        case (
            lookup.NoSuchProduct()
            | lookup.NoPrice()
            | lookup.WrongMode()
            | offers.NameTaken()
            | lookup.AmbiguousName()
            | ChangedMeanwhile()
        ):
            return _of_catalog(error)
        case NotOnSale() | HasOtherCurrencies() | HasOtherTerms():
            return Refusal.not_possible(str(error))
        case money.NotMoney():
            return Refusal.bad_input(unit_amount=str(error))
        case AuthenticationError() | Throttled():
            return _of_ninja(error)
    return unreadable(error) if isinstance(error, UNREADABLE) else None


def _of_ninja(error: AuthenticationError | Throttled) -> Refusal:
    if isinstance(error, Throttled):
        return Refusal.too_many(int(error.wait or 0))
    return Refusal.not_signed_in()


def _of_stripe(error: StripeUnavailable | StripeRefused | StripeMisconfigured) -> Refusal:
    words = error.for_people
    match error:
        case StripeRefused():
            return Refusal.stripe_refused(words)
        case StripeUnavailable():
            return Refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, "stripe_unavailable", words, retry_after=UNAVAILABLE_SECONDS
            )
    logger.error("%s is wrong: %s", error.setting, error.message)
    return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "misconfigured", words, retry_after=MISCONFIGURED_SECONDS)


def _of_subscriptions(error: CannotBuy | SubscriptionRefusal) -> Refusal:
    match error:
        case NoSuchPrice():
            return Refusal.not_found("There is no such price.")
        case OtherMode():
            return Refusal.bad_input(mode=str(error))
        case NotByQuantity():
            return Refusal.bad_input(quantity=str(error))
    if isinstance(error.__cause__, StripeRefused):
        return Refusal.stripe_refused(error.__cause__.for_people)
    return Refusal.not_possible(str(error))


def _of_catalog(error: Exception) -> Refusal:
    match error:
        case offers.NameTaken():
            known = ProductAnswer.of(error.offer)
            ids: dict[str, Any] = {"product_id": known.product_id}
            if known.price_id:
                ids["price_id"] = known.price_id
            return Refusal.conflict("name_taken", str(error), **ids)
        case lookup.AmbiguousName():
            return Refusal.conflict("ambiguous_name", str(error), ids=error.ids)
        case ChangedMeanwhile():
            return Refusal.conflict("changed_meanwhile", str(error))
        case lookup.WrongMode():
            return Refusal.bad_input(mode=str(error))
        case lookup.NoPrice():
            return Refusal.not_possible(str(error))
    return Refusal.not_found(str(error))


def _in_shape(response: HttpResponse) -> HttpResponse:
    if response.get("Content-Type", "").startswith("application/json"):
        return response
    status = HTTPStatus(response.status_code)
    refusal = Refusal(status, *BY_STATUS.get(status, INTERNAL))
    if "Allow" in response:
        refusal.headers["Allow"] = ", ".join(sorted(response["Allow"].split(", ")))
    shaped = refusal.response()
    shaped.cookies = response.cookies
    for name, value in response.items():
        if name not in {"Content-Type", "Content-Length"}:
            shaped.setdefault(name, value)
    return shaped

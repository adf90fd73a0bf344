"""Pages for people who have to wait: too many tries, or too many passwords checked at once."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.accounts.hashing import HashingBusy
from subscriptions.limits import TooMany
from subscriptions.views.middleware import retry_of


class TooManyPages:
    """Sets 429 (too many tries) or 503 (too busy) with Retry-After, and shows a page where no form does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        refused = getattr(request, "refused_for_now", None)
        return _with_status(response, refused) if refused else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TooMany | HashingBusy):
            return None
        page = render(request, "too_many.html", {"message": str(error), "retry": retry_of(request)})
        return _with_status(page, error)


def _with_status(response: HttpResponse, error: TooMany | HashingBusy) -> HttpResponse:
    is_many = isinstance(error, TooMany)
    response.status_code = HTTPStatus.TOO_MANY_REQUESTS if is_many else HTTPStatus.SERVICE_UNAVAILABLE
    response["Retry-After"] = str(error.seconds)
    return response

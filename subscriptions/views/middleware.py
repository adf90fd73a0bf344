"""Record a request's changes as its user's, and turn Stripe errors into pages that say what to do."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing import gateway
from billing.errors import StripeMisconfigured, StripeRefused, StripeUnavailable
from subscriptions.mirror import history
from subscriptions.mirror.history import Cause

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "5"


class CausedByUser:
    """Record changes as made by the request's user, who may be signed in later by an API token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with history.caused_by_result_of(lambda: _user_as_cause(request)):
            return self.get_response(request)


class StripeErrorPages:
    """Stripe unreachable: 503 with a retry button. Wrong key: 503, and staff see the setting. Refused: 400."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with gateway.noting_writes():
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        match error:
            case StripeUnavailable():
                logger.warning("Stripe unavailable at %s", request.path)
                context = {"message": error.for_people, "retry": retry_of(request)}
                page = render(request, "subscriptions/unavailable.html", context, status=503)
                page["Retry-After"] = RETRY_AFTER_SECONDS
                return page
            case StripeMisconfigured():
                logger.error("%s is wrong: %s", error.setting, error.message)
                context = {"message": error.for_people, "for_staff": error.for_staff if request.user.is_staff else ""}
                return render(request, "subscriptions/misconfigured.html", context, status=503)
            case StripeRefused():
                return render(request, "subscriptions/refused.html", {"message": error.for_people}, status=400)
        return None


def _user_as_cause(request: HttpRequest) -> Cause:
    return Cause("person", str(request.user.pk)) if request.user.is_authenticated else Cause()


def retry_of(request: HttpRequest) -> dict[str, object]:
    """Return the request as includes/retry.html takes it, without passwords."""
    secret = {
        "csrfmiddlewaretoken",
        "password",
        "password1",
        "password2",
        "old_password",
        "new_password1",
        "new_password2",
    }
    fields = [(name, value) for name, values in request.POST.lists() if name not in secret for value in values]
    return {"method": request.method, "path": request.get_full_path(), "fields": fields}

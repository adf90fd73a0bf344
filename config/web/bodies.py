"""Bounds what a request may send, before anything of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

API = "/api/"
# Its view refuses a larger body by the same limit, before reading it, in the format that Stripe is answered in.
WEBHOOK = "/stripe/webhook/"


class BoundBodies:
    """Refuses a larger body than DATA_UPLOAD_MAX_MEMORY_SIZE by its announced length.

    Django's own limit does not count files, which it would write to disk while it looks for the CSRF token.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != WEBHOOK and is_too_large(request):
            raise RequestDataTooBig(f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")
        if request.path_info.startswith(API) and request.content_type == "multipart/form-data":
            # Kept from here on, so that the API can count the parts. Django would drop the body once it has parsed it.
            _ = request.body
        return self.get_response(request)


def is_too_large(request: HttpRequest) -> bool:
    """Return whether the announced body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    return length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE

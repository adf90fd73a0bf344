"""What every request must be before a view sees it."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

NUL = "\x00"


class RefuseNullBytes:
    """A null byte in an address is nobody's typing; PostgreSQL can't hold one, so it is refused with 400 for all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path_info or any(NUL in value for values in request.GET.lists() for value in values[1]):
            raise BadRequest("A null byte is in the address.")
        return self.get_response(request)

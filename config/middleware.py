"""What every request must be before a view sees it, and a page for those that a view turns away without one."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string

NUL = "\x00"


class RefuseNullBytes:
    """A null byte in an address is nobody's typing; PostgreSQL can't hold one, so it is refused with 400 for all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path_info or any(NUL in value for values in request.GET.lists() for value in values[1]):
            raise BadRequest("A null byte is in the address.")
        return self.get_response(request)


class NotAllowedPage:
    """Somebody who loads again what a button led to asks for no page there: say so, where Django says nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method == "GET" and not response.content:
            response.content = render_to_string("405.html", request=request)
        return response

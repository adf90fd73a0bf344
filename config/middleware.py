"""Middleware for the whole site: HEAD wherever GET works, bounded waits for Stripe, no null bytes, pages for 405."""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.template.loader import render_to_string

from billing import gateway
from config import mail

NUL = "\x00"


class HeadLikeGet:
    """Answers HEAD with the status and headers of a GET, and without a body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD":
            return self.get_response(request)
        request.method = "GET"
        response = self.get_response(request)
        request.method = "HEAD"
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = []
        else:
            response.headers.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class BoundStripe:
    """Bounds how long each request waits for Stripe; at most half of a process's threads wait at once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with gateway.bounded(at_once=max(settings.THREADS_PER_WORKER // 2, 1)):
            return self.get_response(request)


class MailBesideTheRequest:
    """Has a thread send the mails of each request, so that no request waits for the mail server."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with mail.beside_the_request():
            return self.get_response(request)


class RefuseNullBytes:
    """Answers 400 to a null byte in the address: nobody types one, and PostgreSQL can't store it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path_info or any(NUL in value for _, values in request.GET.lists() for value in values):
            raise BadRequest("The address contains a null byte.")
        return self.get_response(request)


class NotAllowedPage:
    """Shows a page to people who reload or open the address of a button; Django's own 405 answer is empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and request.method == "GET" and not response.content:
            response.content = render_to_string("405.html", request=request)
        return response

"""Headers of every answer, errors and redirects included: what a browser may load, and who may keep a copy."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

FIRST_ERROR = 400
PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeaders:
    """Adds the headers with which browsers protect the people who use a page. A view's own header stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.headers = {
            "Permissions-Policy": PERMISSIONS,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": settings.X_FRAME_OPTIONS,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        # Django's own error pages, shown while debugging, have their style and script inline.
        if not (settings.DEBUG and response.status_code >= FIRST_ERROR):
            response.headers.setdefault("Content-Security-Policy", content_security_policy())
        return response


class PrivateAnswers:
    """Forbids caches to keep answers to requests with a session cookie or token, and answers that set a cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_known = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        if is_known or response.cookies:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def content_security_policy() -> str:
    """Return the policy: everything from this site alone; forms may also lead to Stripe's pages, by a redirect."""
    form_targets = " ".join(["'self'", *settings.FORM_TARGETS])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action {form_targets}; base-uri 'none'; frame-ancestors 'none'"
    )

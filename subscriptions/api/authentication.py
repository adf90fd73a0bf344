"""Authentication of the JSON API by token or session cookie, and the person that a caller acts for."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from billing.api.permissions import require_staff, staff_may
from billing.api.refusals import Refusal
from billing.linked import linked
from subscriptions.api.rate_limits import count_address
from subscriptions.customers import api_tokens, api_users
from subscriptions.models import ApiToken, BillingAccount
from subscriptions.user_model import User

FOR_ANOTHER = "Only staff act for somebody else."

# Endpoints that look and change nothing, although they are asked by POST.
READING_POSTS = frozenset({"getsubs"})


class BearerToken(AuthBase):
    """`Authorization: Bearer TOKEN`; an unusable token is refused, even with a valid session cookie."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A token made in the admin, or by `manage.py create_api_token`."

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        text = api_tokens.bearer_token(request.headers.get("Authorization", ""))
        if text is None:
            return None
        token = api_tokens.find(text=text, now=timezone.now())
        if token is None:
            count_address(request)
            raise Refusal.not_signed_in("This token is unknown, expired or revoked.")
        if token.only_reads and not _only_reads(request):
            raise Refusal.forbidden("This token may look, but change nothing.")
        request.user = token.user
        return token


class SessionCookie(AuthBase):
    """The session of a person who signed in on this site; every POST needs the CSRF token too."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME
    openapi_description = "With the header X-CSRFToken, or the field csrfmiddlewaretoken, on every POST."
    # The docs page reads this attribute, and then sends the CSRF token.
    csrf = True

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            count_address(request)
            return None
        if check_csrf(request) is not None:
            raise Refusal(403, "csrf_failed", "The CSRF token is missing or wrong.")
        return request.user


def caller_of(request: HttpRequest) -> User:
    user = request.user
    assert user.is_authenticated, "only authenticated requests reach the endpoints"  # noqa: S101
    return user


def requested_person(
    request: HttpRequest, *needed: str, user_name: str | None = None, customer_id: str | None = None
) -> User:
    """Return the person that the caller acts for: the one who is named, or the caller.

    Staff may name anyone if they have the permissions `needed`, which the admin asks for the same.
    """
    caller = caller_of(request)
    if customer_id:
        return _by_customer(request, needed, customer_id, user_name)
    if user_name in (None, caller.get_username()):
        return caller
    require_staff(request, *needed, message=FOR_ANOTHER)
    person = api_users.find(str(user_name))
    if person is None:
        raise Refusal.not_found(f"There is no user “{user_name}”.")
    return person


def require_for(request: HttpRequest, person: User, *needed: str) -> None:
    """Raise Refusal (403) unless the caller is this person, or staff with these permissions."""
    if person != caller_of(request):
        require_staff(request, *needed, message=FOR_ANOTHER)


def subject_of(request: HttpRequest, person: User) -> str:
    """Return how a sentence about this person begins for the caller: "You have", or "This person has"."""
    return "You have" if caller_of(request).pk == person.pk else "This person has"


def _by_customer(request: HttpRequest, needed: tuple[str, ...], customer_id: str, user_name: str | None) -> User:
    caller = caller_of(request)
    if user_name not in (None, caller.get_username()):
        require_staff(request, *needed, message=FOR_ANOTHER)
    account = linked(BillingAccount.objects.filter(customer=customer_id), "user").first()
    person = account.user if account else None
    is_allowed = person == caller or staff_may(request, *needed)
    if person is None or not is_allowed or user_name not in (None, person.get_username()):
        raise Refusal.not_found(f"There is no such customer: {customer_id}.")
    return person


def _only_reads(request: HttpRequest) -> bool:
    asked = request.resolver_match
    return request.method == "GET" or bool(asked and asked.url_name in READING_POSTS)

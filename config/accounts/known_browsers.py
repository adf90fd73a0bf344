"""Browsers in which a person has signed in before: a stranger's guesses lock nobody out there.

Anybody can exhaust an account's limit of wrong passwords. So in a browser in which the account has signed in, wrong
passwords count for the browser alone. A signed cookie has a random id of the browser, and digests of the accounts.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from subscriptions.limits import Try
from subscriptions.models.person_lookup import fold
from subscriptions.user_model import User

COOKIE = "known_browser"
KNOWN_FOR = timedelta(days=180)
MAX_ACCOUNTS = 5


@dataclass(frozen=True)
class Browser:
    id: str
    accounts: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest) -> "Browser":
        """Return the browser that sends this request; one without a cookie of ours knows no account."""
        try:
            told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=__name__, max_age=KNOWN_FOR)
        except signing.BadSignature:
            return cls(secrets.token_hex(16))
        return cls(told["id"], tuple(told["accounts"]))

    def knows(self, account: str) -> bool:
        return _digest(account) in self.accounts

    def having(self, account: str) -> "Browser":
        others = (one for one in self.accounts if one != _digest(account))
        return replace(self, accounts=(_digest(account), *others)[:MAX_ACCOUNTS])

    def cookie(self) -> str:
        return signing.dumps({"id": self.id, "accounts": self.accounts}, salt=__name__)


def tries(request: HttpRequest, *, account: str) -> tuple[Try, ...]:
    """Return the tries to count for a sign-in: of the address, and of the account or of a browser that knows it."""
    by_address, by_account = Try.by("SIGN_IN", request=request, account=account)
    browser = Browser.of(request)
    if browser.knows(account):
        by_account = replace(by_account, kind="SIGN_IN browser", who=f"{browser.id} {by_account.who}")
    return by_address, by_account


@receiver(user_logged_in, dispatch_uid="config.accounts.known_browsers")
def note_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    request.signed_in_as = user.get_username()  # type: ignore[attr-defined]


class KnownBrowsers:
    """Sets the cookie with the answer to a sign-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        account = getattr(request, "signed_in_as", None)
        if account is not None:
            browser = Browser.of(request).having(account)
            secure = settings.SESSION_COOKIE_SECURE
            response.set_cookie(
                COOKIE, browser.cookie(), max_age=KNOWN_FOR, secure=secure, httponly=True, samesite="Lax"
            )
        return response


def _digest(account: str) -> str:
    return salted_hmac(__name__, fold(account)).hexdigest()[:20]

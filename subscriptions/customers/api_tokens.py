"""Keys to the JSON API: made, recognised, revoked. The text of one is shown once, and only its hash is kept."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.contrib.auth.models import User
from django.db.models import Q

from subscriptions.models import ApiToken

# What every token begins with, so that one that leaked into a log or a repository is recognised.
PREFIX = "sot_"

RANDOM_BYTES = 32
SHOWN_CHARACTERS = 10
USE_IS_NOTED_EVERY = timedelta(minutes=1)


class CannotCreate(Exception):
    """No such token can be made; the message says why."""

    @classmethod
    def already_expired(cls) -> Self:
        return cls("The token would have expired before it could be used.")


def create(*, user: User, name: str, expires_at: datetime | None = None, now: datetime) -> tuple[ApiToken, str]:
    """Make a token that acts as this person. Its text comes back this once; only its hash is kept.

    Raises CannotCreate where `expires_at` has passed.
    """
    if expires_at is not None and expires_at <= now:
        raise CannotCreate.already_expired()
    text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    beginning = text[:SHOWN_CHARACTERS]
    token = ApiToken.objects.create(
        user=user, name=name, beginning=beginning, digest=digest_of(text), expires_at=expires_at
    )
    return token, text


def find(*, text: str, now: datetime) -> ApiToken | None:
    """The usable token of this text, with its owner; None if it is unknown, expired or revoked, or the owner inactive.

    One query, and once a minute a second one that notes the use.
    """
    if not text.startswith(PREFIX):
        return None
    token = ApiToken.objects.usable(now).select_related("user").filter(digest=digest_of(text)).first()
    if token is not None:
        _note_use(token, now)
    return token


def authenticate(*, text: str, now: datetime) -> User | None:
    """Whom the token of this text acts as; None when it is not a usable one. As many queries as `find`."""
    token = find(text=text, now=now)
    return token.user if token else None


def revoke(*, token: ApiToken, now: datetime) -> None:
    """End a token for good, at once. Revoked again, it keeps the time of the first."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def digest_of(text: str) -> str:
    # The text is long and random, so a plain hash can't be searched for it; without salt, it is found by one look-up.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is not None and now - token.last_used_at < USE_IS_NOTED_EVERY:
        return
    is_stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
    ApiToken.objects.filter(is_stale, pk=token.pk).update(last_used_at=now)

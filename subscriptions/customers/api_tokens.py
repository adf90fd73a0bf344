"""Tokens of the JSON API: create, find, revoke. The text of a token is shown once; only its hash is stored."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.db.models import Q

from billing.linked import linked
from subscriptions import our_clock
from subscriptions.models import ApiToken
from subscriptions.user_model import User

# Every token begins with this, so that scanners recognise one that leaked into a log or a repository.
PREFIX = "sot_"

RANDOM_BYTES = 32
SHOWN_CHARACTERS = 10
SAVE_USE_EVERY = timedelta(minutes=1)


class CannotCreate(Exception):
    """The token can't be created; the message says why."""

    @classmethod
    def already_expired(cls) -> Self:
        return cls("The token would have expired before it could be used.")


def create(
    *,
    user: User,
    name: str,
    rights: str = ApiToken.Rights.FULL,
    expires_at: datetime | None = None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Create a token that acts as this person, with all or some of their rights.

    Its text is returned only here; the row keeps its hash. Raises CannotCreate if `expires_at` has passed.
    """
    if expires_at is not None and expires_at <= now:
        raise CannotCreate.already_expired()
    text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    beginning = text[:SHOWN_CHARACTERS]
    token = ApiToken.objects.create(
        user=user, name=name, rights=rights, beginning=beginning, digest=digest_of(text), expires_at=expires_at
    )
    return token, text


def bearer_token(authorization: str) -> str | None:
    """Return the token in an `Authorization: Bearer TOKEN` header; None if there is none or it uses another scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def find(*, text: str, now: datetime) -> ApiToken | None:
    """Return the token of this text, with its owner; None if it is unknown, expired or revoked, or its owner inactive.

    One query, and once a minute a second one that saves the time of use.
    """
    if not text.startswith(PREFIX):
        return None
    token = linked(ApiToken.objects.filter(digest=digest_of(text)), "user").first()
    if token is None or not token.is_usable(now):
        return None
    _save_use(token, now)
    return token


def revoke(*, token: ApiToken, now: datetime) -> None:
    """Revoke a token now, for good. Revoking it again keeps the first time."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)


def digest_of(text: str) -> str:
    # The text is long and random, so its hash can't be guessed; without a salt one look-up finds it.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _save_use(token: ApiToken, now: datetime) -> None:
    last_used_at = our_clock.possible(token.last_used_at, now=now)
    if last_used_at is not None and now - last_used_at < SAVE_USE_EVERY:
        return
    is_wrong = our_clock.impossible("last_used_at", now=now)
    is_stale = Q(last_used_at=None) | Q(last_used_at__lte=now - SAVE_USE_EVERY) | is_wrong
    ApiToken.objects.filter(is_stale, pk=token.pk).update(last_used_at=now)

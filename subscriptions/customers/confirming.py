"""Confirming that an e-mail address is a person's own, by a link that is mailed to it and expires."""

from datetime import UTC, datetime, timedelta

from django.core import signing
from django.utils import timezone

from subscriptions import our_clock
from subscriptions.models import ConfirmedAddress
from subscriptions.user_model import User

LASTS = timedelta(hours=24)

_SALT = "subscriptions.confirmed_address"


class BadLink(Exception):
    """The link has expired, was changed, or was mailed to another person or address."""


def token_for(user: User) -> str:
    """Return the part of a link that proves that its reader gets this person's mail."""
    return signing.dumps([str(user.pk), user.email], salt=_SALT)


def check(*, user: User, token: str) -> None:
    """Raises BadLink unless the token was made for this person and their present address."""
    try:
        made_for = signing.loads(token, salt=_SALT, max_age=LASTS)
    except signing.BadSignature as error:
        raise BadLink from error
    # The time is between the content and the signature.
    made_at = datetime.fromtimestamp(signing.b62_decode(token.rsplit(":", 2)[1]), UTC)
    if our_clock.is_impossible(made_at, now=timezone.now()):
        raise BadLink
    if made_for != [str(user.pk), user.email]:
        raise BadLink


def confirm(*, user: User, token: str, now: datetime) -> None:
    """Record the person's address as confirmed. Raises BadLink."""
    check(user=user, token=token)
    confirmed = {"email": user.email, "confirmed_at": now}
    ConfirmedAddress.objects.update_or_create(user=user, defaults=confirmed)


def is_confirmed(user: User) -> bool:
    """Whether the person has confirmed exactly the address that they have now."""
    return bool(user.email) and ConfirmedAddress.objects.filter(user=user, email=user.email).exists()

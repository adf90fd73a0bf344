"""People whom another front end signs in: an account here that nobody can sign in to until they set a password."""

from typing import Self

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.contrib.auth.models import User
from django.utils.crypto import get_random_string

# Tells an account whose owner may still set a password from one that staff have barred from having any.
AWAITING = f"{UNUSABLE_PASSWORD_PREFIX}awaiting-"


class AddressTaken(Exception):
    """Somebody else here has this e-mail address."""

    @classmethod
    def by_another(cls) -> Self:
        return cls("Somebody else here has this e-mail address.")


def find(name: str) -> User | None:
    return User.objects.filter(username=name).first()


def enrol(*, name: str, email: str) -> User:
    """The person of this name, made without a password where there is none; the same one however often and at once.

    Raises AddressTaken when another name has the address: a mail about a password would reach the wrong account.
    """
    person = find(name)
    if person is not None:
        return person
    if User.objects.filter(email__iexact=email).exclude(username=name).exists():
        raise AddressTaken.by_another()
    none_yet = AWAITING + get_random_string(UNUSABLE_PASSWORD_SUFFIX_LENGTH)
    # Names are unique on every engine: whoever comes second finds the first one's.
    return User.objects.get_or_create(username=name, defaults={"email": email, "password": none_yet})[0]


def awaits_password(person: User) -> bool:
    return person.password.startswith(AWAITING)

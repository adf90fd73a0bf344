"""Accounts of people whom another front end signs in: nobody can sign in here until a password is set."""

from typing import Self

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.contrib.auth.models import User
from django.utils.crypto import get_random_string

# Marks an account whose owner may still set a password; an unusable password without it was set by staff.
AWAITING = f"{UNUSABLE_PASSWORD_PREFIX}awaiting-"


class AddressTaken(Exception):
    """Another account has this e-mail address."""

    @classmethod
    def by_another(cls) -> Self:
        return cls("Somebody else here has this e-mail address.")


def find(name: str) -> User | None:
    return User.objects.filter(username=name).first()


def get_or_create(*, name: str, email: str) -> User:
    """Return the person of this name, made without a password if there is none, also under concurrent calls.

    Raises AddressTaken if another account has the address: a mail about a password would reach its owner.
    """
    person = find(name)
    if person is not None:
        return person
    if User.objects.filter(email__iexact=email).exclude(username=name).exists():
        raise AddressTaken.by_another()
    unusable = AWAITING + get_random_string(UNUSABLE_PASSWORD_SUFFIX_LENGTH)
    # Names are unique on every engine, so the second of two concurrent calls finds the row of the first.
    return User.objects.get_or_create(username=name, defaults={"email": email, "password": unusable})[0]


def awaits_password(person: User) -> bool:
    return person.password.startswith(AWAITING)

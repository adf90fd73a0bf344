"""Accounts of people whom another front end signs in: nobody can sign in here until a password is set."""

from time import sleep
from typing import Self

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.db.models import QuerySet
from django.utils.crypto import get_random_string

from subscriptions.people import account_claims, lookup
from subscriptions.user_model import User

# How long a call waits for a sign-up, or for an equal call, that is making the account.
TURNS = 20
PAUSE_SECONDS = 0.1

# Marks an account whose owner may still set a password; an unusable password without it was set by staff.
AWAITING = f"{UNUSABLE_PASSWORD_PREFIX}awaiting-"


class AddressTaken(Exception):
    """Another account has this e-mail address."""

    @classmethod
    def by_another(cls) -> Self:
        return cls("Somebody else here has this e-mail address.")


class NameTaken(Exception):
    """Another account has this name in other upper and lower case."""

    @classmethod
    def by_another(cls) -> Self:
        return cls("Somebody else here has this name, in other upper and lower case.")


def name_is_address() -> bool:
    """Return whether people sign in with their e-mail address, so that a name and an address are the same field."""
    return get_user_model().USERNAME_FIELD == "email"


def find(name: str) -> User | None:
    """Return the account that signs in with this name."""
    return _all().filter(**{get_user_model().USERNAME_FIELD: name}).first()


def get_or_create(*, name: str, email: str) -> User:
    """Return the person of this name, made without a password if there is none, also under concurrent calls.

    Raises AddressTaken if another account has the address: a mail about a password would reach its owner. Raises
    NameTaken if a name differs from another in case alone, which sign-up refuses too: people would mistake them.
    Raises account_claims.Claimed if a sign-up with the name or the address takes long.
    """
    for turn in range(TURNS):
        try:
            with account_claims.held(name=name, address=email):
                return find(name) or _create(name, email)
        except account_claims.Claimed:
            if turn == TURNS - 1:
                raise
            sleep(PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _create(name: str, email: str) -> User:
    if not name_is_address() and lookup.with_name(name):
        raise NameTaken.by_another()
    if lookup.with_address(email):
        raise AddressTaken.by_another()
    unusable = AWAITING + get_random_string(UNUSABLE_PASSWORD_SUFFIX_LENGTH)
    # Staff may add the same name in the admin meanwhile; names are unique on every engine.
    named = {get_user_model().USERNAME_FIELD: name}
    return _all().get_or_create(**named, defaults={"email": email, "password": unusable})[0]


def awaits_password(person: User) -> bool:
    return person.password.startswith(AWAITING)


def _all() -> QuerySet[User]:
    return get_user_model()._default_manager.all()

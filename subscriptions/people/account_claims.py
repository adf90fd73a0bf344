"""Claims on a name and an e-mail address while an account with them is made, however they are spelt.

Django's users have no unique address, and their names are unique only as they are spelt. So code that makes an
account holds both claims while it checks that no other account has them, and until the account is saved.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from django.utils.crypto import salted_hmac

from billing import locks
from subscriptions.models.person_lookup import fold


class Claimed(Exception):
    """Somebody else is making an account with this name or address."""

    @classmethod
    def of(cls, what: str) -> Self:
        return cls(f"Somebody is signing up with this {what} right now. Try again in a moment.")


class NameClaimed(Claimed):
    pass


class AddressClaimed(Claimed):
    pass


@contextmanager
def held(*, name: str, address: str) -> Iterator[None]:
    """Hold both claims for a block. Raises NameClaimed or AddressClaimed if another process or thread has one."""
    with ExitStack() as claims:
        try:
            claims.enter_context(locks.held(f"account name {_digest(name)}"))
        except locks.HeldByAnother as error:
            raise NameClaimed.of("name") from error
        try:
            claims.enter_context(locks.held(f"account address {_digest(address)}"))
        except locks.HeldByAnother as error:
            raise AddressClaimed.of("address") from error
        yield


def _digest(text: str) -> str:
    """Return a key that nobody can guess: the rows of locks tell nobody who signs up."""
    return salted_hmac(__name__, fold(text)).hexdigest()

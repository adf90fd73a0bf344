"""Trying something out: it happens for as long as it is looked at, and then none of it has."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sandbox.core.account import Account


class _Over(Exception):
    """Ends a dry run, so that the store takes back what was written in it."""


@contextmanager
def dry_run(account: Account) -> Iterator[None]:
    """Undo the block, whether it succeeds or is refused: objects, events, deliveries, plans, and the time that passed.

    Objects that the caller read before stay as the block left them, so the block reads its own.
    """
    now, cause = account.now, account.cause
    try:
        with suppress(_Over), account.store.savepoint():
            yield
            raise _Over
    finally:
        account.now, account.cause = now, cause

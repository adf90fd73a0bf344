"""Dry runs: make changes to compute their result, then undo them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sandbox.core.account import Account


class _Over(Exception):
    """Makes the store roll back the dry run's savepoint."""


@contextmanager
def dry_run(account: Account) -> Iterator[None]:
    """Undo everything that the block writes, and restore the time, whether it succeeds or raises.

    Dicts that the caller read before the block are not restored, so read objects anew within the block.
    """
    now, cause = account.now, account.cause
    try:
        with suppress(_Over), account.store.savepoint():
            yield
            raise _Over
    finally:
        account.now, account.cause = now, cause

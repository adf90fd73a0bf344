"""Dry runs: make changes to compute their result, then undo them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sandbox.core.account import Account, Reached, Rehearsal


class _Over(Exception):
    """Makes the store roll back the dry run's savepoint."""


@contextmanager
def dry_run(account: Account, *, until: str | None = None) -> Iterator[Rehearsal]:
    """Undo everything that the block writes, and restore the time, whether it succeeds or raises.

    Its events are not recorded, but kept in the Rehearsal that this yields. The first event of the type `until` ends
    the block. Dicts that the caller read before the block are not restored, so read objects anew within the block.
    """
    now, cause, outer = account.now, account.cause, account.rehearsal
    rehearsal = Rehearsal(until)
    try:
        with suppress(_Over, Reached), account.store.savepoint():
            account.rehearsal = rehearsal
            yield rehearsal
            raise _Over
    finally:
        account.now, account.cause, account.rehearsal = now, cause, outer

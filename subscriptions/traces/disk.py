"""Removing a person's traces from files: from cron's logs, and from the free pages of SQLite's database."""

import gzip
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection

from subscriptions.traces.person import Traces


def erase(traces: Traces) -> None:
    """Overwrite each text that names the person in cron's logs. Raises OSError for a log that can't be written."""
    log = Path(settings.CRON_LOG)
    for file in log.parent.glob(f"{log.name}*"):
        if file.suffix == ".gz":
            _rewrite(file, traces)
        elif file.is_file():
            _overwrite(file, traces)


def compact() -> bool:
    """Remove deleted content from SQLite's file, where it stays readable; False if the database is busy.

    https://www.sqlite.org/lang_vacuum.html
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return True
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return not cursor.fetchone()[0]
    except OperationalError:
        return False


def _overwrite(file: Path, traces: Traces) -> None:
    """Change lines in their place and length, because a sync may be adding to the file."""
    with file.open("r+b") as log:
        position = 0
        for line in log.read().splitlines(keepends=True):
            if (clean := traces.masked(line)) != line:
                log.seek(position)
                log.write(clean)
            position += len(line)


def _rewrite(file: Path, traces: Traces) -> None:
    with gzip.open(file) as log:
        lines = log.read().splitlines(keepends=True)
    clean = [traces.masked(line) for line in lines]
    if clean != lines:
        file.write_bytes(gzip.compress(b"".join(clean)))

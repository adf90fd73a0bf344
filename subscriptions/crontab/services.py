"""Adding, showing and removing the entries of this installation in the user's crontab."""

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from subscriptions.crontab import entries, rehearsal, table
from subscriptions.crontab.entries import Entry
from subscriptions.crontab.installation import Installation, describe_database, this_installation


class CannotInstall(Exception):
    """Under cron the sync would fail, or use another database; the message says why. Nothing was changed."""

    @classmethod
    def would_fail(cls, reason: str) -> "CannotInstall":
        given = ", ".join(sorted(settings.GIVEN_BY_ENVIRONMENT))
        unseen = f" This shell sets {given}." if given else ""
        return cls(f"under cron the sync would fail: {reason}. Nothing was changed.{unseen} {advice()}")

    @classmethod
    def other_database(cls, theirs: str, names: list[str]) -> "CannotInstall":
        unseen = f" Cron does not see: {', '.join(names)}." if names else ""
        return cls(
            f"under cron the sync would use another database, {theirs}, and not {describe_database()}. "
            f"Nothing was changed.{unseen} {advice()}"
        )

    @classmethod
    def log_not_writable(cls, file: Path) -> "CannotInstall":
        return cls(f"{file} can't be written, so the sync would not even start. Nothing was changed.")


@dataclass(frozen=True, slots=True)
class Added:
    """The entries as they are now, and the names of settings that cron does not see."""

    lines: list[str]
    unseen: list[str]


def find_entries() -> list[Entry]:
    """Return every entry of any installation of this project in the user's crontab. Raises CrontabFailed."""
    return [entry for entry in map(entries.parse, table.read()) if entry]


def find_own() -> list[Entry]:
    """Return the entries of this installation, also those from before a move. Raises CrontabFailed."""
    installation = this_installation()
    return [entry for entry in find_entries() if entry.belongs_to(installation)]


def add() -> Added:
    """Install the entries, in place of those that are there already.

    Raises CrontabFailed, CannotWriteEntry or CannotInstall, and then nothing was installed.
    """
    installation = this_installation()
    new = entries.make_lines(installation)
    _check_log(entries.log_file(installation))
    with table.locked():
        before = table.read()
        # Their place matters: a variable holds for the lines after it.
        place = next((number for number, line in enumerate(before) if _is_own(line, installation)), len(before))
        others = [line if line.endswith("\n") else f"{line}\n" for line in before if not _is_own(line, installation)]
        unseen = _unseen(new[0], before[:place])
        after = [*others[:place], *new, *others[place:]]
        if after != before:
            table.write(after)
    return Added(new, unseen)


def remove() -> int:
    """Remove the entries of this installation, and return how many there were. Raises CrontabFailed."""
    installation = this_installation()
    with table.locked():
        before = table.read()
        others = [line for line in before if not _is_own(line, installation)]
        if others != before:
            table.write(others)
    return len(before) - len(others)


def rehearse(entry: Entry) -> rehearsal.Seen:
    """Start an installed entry as cron would, and return what it sees. Raises CrontabFailed, RehearsalFailed."""
    lines = table.read()
    place = lines.index(entry.line) if entry.line in lines else len(lines)
    return rehearsal.rehearse(entry.line, variables=entries.variables_of(lines[:place]))


def advice() -> str:
    """Say where settings have to be for cron to see them."""
    file = Path(settings.BASE_DIR) / (os.environ.get("ENV_FILE") or ".env")
    return f"Cron sees no variable of this shell: put the settings into {file}."


def _check_log(file: Path) -> None:
    """Open the log as the shell does before it starts the command. Raises CannotInstall."""
    try:
        file.open("ab").close()
    except OSError as error:
        raise CannotInstall.log_not_writable(file) from error


def _is_own(line: str, installation: Installation) -> bool:
    entry = entries.parse(line)
    return entry is not None and entry.belongs_to(installation)


def _unseen(line: str, lines_before: list[str]) -> list[str]:
    here = rehearsal.seen_here()
    try:
        there = rehearsal.rehearse(line, variables=entries.variables_of(lines_before))
    except rehearsal.RehearsalFailed as error:
        raise CannotInstall.would_fail(str(error).rstrip(".")) from error
    names = here.missing_in(there)
    if there.database != here.database:
        raise CannotInstall.other_database(there.database, names)
    return names

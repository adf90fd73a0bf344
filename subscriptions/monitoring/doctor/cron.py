"""Checks of cron: it runs the sync, of this folder and this database, and no entry fails each minute."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from subscriptions import our_clock
from subscriptions.crontab import daemon, entries, services
from subscriptions.crontab.entries import CannotWriteEntry, Entry
from subscriptions.crontab.installation import describe_database, this_installation
from subscriptions.crontab.rehearsal import RehearsalFailed
from subscriptions.crontab.table import CrontabFailed
from subscriptions.formatting import format_count, format_duration
from subscriptions.models import SyncState
from subscriptions.monitoring import health
from subscriptions.monitoring.doctor.finding import Finding, note, ok, problem

ADD_AGAIN = "Run `manage.py crontab add` again."


def check_cron(*, now: datetime) -> Iterator[Finding]:
    """Compare the entries in the user's crontab with what cron has started lately on this database."""
    state = SyncState.objects.filter(pk=SyncState.THE_ONE).first() or SyncState()
    started_at = our_clock.possible(state.cron_started_at, now=now)
    age = now - started_at if started_at else None
    recent = age if age is not None and age <= health.stale_after() else None
    try:
        found = services.find_entries()
    except CrontabFailed as error:
        yield _without_entries(state, recent, f"{error}.")
        return
    installation = this_installation()
    own = [entry for entry in found if entry.belongs_to(installation)]
    yield from _of_deleted_folders([entry for entry in found if entry.folder_is_gone and entry not in own])
    if not own:
        yield _without_entries(state, recent, "This user's crontab has no entry for it.")
    elif outdated := _outdated(own):
        yield outdated
    elif recent is None:
        yield _not_started(own[0], age)
    elif state.cron_folder != str(settings.BASE_DIR):
        yield problem(
            f"Cron ran the sync of {state.cron_folder} on this database {format_duration(recent)} ago, and this is "
            f"{settings.BASE_DIR}. Remove the entries there, by `manage.py crontab remove` or crontab -e."
        )
    else:
        yield ok(
            f"It started the sync of {settings.BASE_DIR} {format_duration(recent)} ago, on the database "
            f"{describe_database()}."
        )


def _without_entries(state: SyncState, age: timedelta | None, reason: str) -> Finding:
    if age is not None:
        where = "in the crontab of another user or machine"
        return ok(f"It started the sync of {state.cron_folder} {format_duration(age)} ago, by entries {where}.")
    return ok(f"It does not run the sync here: {reason[0].lower()}{reason[1:]} A loop or a timer has to run it.")


def _of_deleted_folders(others: list[Entry]) -> Iterator[Finding]:
    for folder in sorted({str(entry.folder) for entry in others}):
        count = format_count(sum(str(entry.folder) == folder for entry in others), "line")
        yield note(f"{count} in the crontab for {folder}, which is gone. Delete them by crontab -e.")


def _outdated(own: list[Entry]) -> Finding | None:
    """Return what is wrong with the lines themselves."""
    for entry in own:
        if entry.folder_is_gone:
            return problem(f"The entries fail each minute: {entry.folder} is gone. {ADD_AGAIN}")
    installation = this_installation()
    folders = {str(entry.folder) for entry in own if entry.folder.resolve() != installation.folder.resolve()}
    if folders:
        return problem(f"The entries run the code in {', '.join(sorted(folders))}. {ADD_AGAIN}")
    try:
        times = [line.split()[:5] for line in entries.make_lines(installation)]
    except CannotWriteEntry as error:
        return problem(f"{error}.")
    if [entry.line.split()[:5] for entry in own] != times:
        return problem(f"The entries do not fit SYNC_INTERVAL_SECONDS={settings.SYNC_INTERVAL_SECONDS}. {ADD_AGAIN}")
    return None


def _not_started(entry: Entry, age: timedelta | None) -> Finding:
    last = f"for {format_duration(age)}" if age else "yet"
    return problem(f"The entries are installed, but cron has not run the sync of this database {last}. {_why(entry)}")


def _why(entry: Entry) -> str:
    try:
        seen = services.rehearse(entry)
    except (RehearsalFailed, CrontabFailed) as error:
        return f"Started as cron starts it, the sync fails: {str(error).rstrip('.')}."
    if seen.database != describe_database():
        return f"It uses another database, {seen.database}, and not {describe_database()}. {ADD_AGAIN}"
    if daemon.is_running() is False:
        return "No cron daemon runs on this machine. Start it."
    return "If they are older than a minute, cron.log or the system's log says why."

"""`manage.py crontab`: django-crontab's command, made safe for the other jobs in the crontab.

django-crontab takes a table that could not be read for an empty one, and deletes the user's other jobs. Its entries
fail where a path has a blank or a `%`, and it does not find them after the project has moved. It still runs the jobs.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django_crontab.crontab import Crontab

from subscriptions.crontab import daemon, rehearsal, services
from subscriptions.crontab.entries import CannotWriteEntry
from subscriptions.crontab.services import CannotInstall
from subscriptions.crontab.table import CrontabFailed
from subscriptions.models import SyncState


class Command(BaseCommand):
    help = "Have cron run the sync (add), list its entries (show), or delete them (remove)."
    # A missing webhook secret is an error for the site, and must not stop cron from syncing.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "subcommand",
            choices=["add", "show", "remove", "run", "seen"],
            help="run is what the entries call; seen prints what add compares: the settings, as digests",
        )
        parser.add_argument("jobhash", nargs="?", help="which job to run")

    def handle(self, *, subcommand: str, jobhash: str | None, **_: Any) -> None:
        try:
            match subcommand:
                case "add":
                    self._add()
                case "remove":
                    services.remove()
                    self._show()
                case "show":
                    self._show()
                case "run":
                    Crontab().run_job(jobhash)
                case "seen":
                    self.stdout.write(rehearsal.to_json(rehearsal.seen_here()))
        except (CrontabFailed, CannotWriteEntry, CannotInstall) as error:
            raise CommandError(str(error)) from error

    def _add(self) -> None:
        added = services.add()
        self._show()
        if added.unseen:
            names = ", ".join(added.unseen)
            self._warn(f"Cron does not see what this shell sets: {names}. {services.advice()}")
        if not _has_tables():
            self._warn(
                "The database does not answer or has no tables yet, so the sync fails. Run `manage.py migrate`."
            )
        if daemon.is_running() is False:
            self._warn("No cron daemon runs on this machine, so nothing runs the entries yet. Start cron.")

    def _show(self) -> None:
        own = services.find_own()
        self.stdout.write(f"Entries of this installation in the crontab: {len(own)}")
        for entry in own:
            self.stdout.write(f"  {entry.line}", ending="")
            if entry.folder_is_gone:
                self._warn(f"The entry above fails each minute: {entry.folder} is gone. `crontab add` replaces it.")

    def _warn(self, message: str) -> None:
        self.stdout.flush()  # Keeps the order of stdout and stderr when both go to one file.
        self.stderr.write(self.style.WARNING(message))


def _has_tables() -> bool:
    file = settings.DATABASES["default"]["NAME"]
    if connection.vendor == "sqlite" and not Path(file).exists():
        # Asking would make the file.
        return False
    try:
        return SyncState._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False

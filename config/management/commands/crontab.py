"""`manage.py crontab`: django-crontab's own command, made safe to repeat after SYNC_INTERVAL_SECONDS has changed.

When it prints entries, django-crontab looks each of them up in the settings. An entry from before the change is not
there, so it fails, after it removed some entries and before it added any. This command runs it silently instead, and
lists the entries itself.
"""

from typing import Any

from django_crontab.crontab import Crontab
from django_crontab.management.commands import crontab


class Command(crontab.Command):  # type: ignore[misc]
    help = "Have cron run the sync (add), list its entries (show), or delete them (remove)."
    # A missing webhook secret is an error for the site, and must not stop cron from syncing.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        subcommand = options["subcommand"]
        if subcommand != "show":
            super().handle(*args, **options | {"verbosity": 0})
        if subcommand != "run":
            self._show()

    def _show(self) -> None:
        with Crontab(readonly=True) as installed:
            ending = f"# {installed.settings.CRONTAB_COMMENT}\n"
            entries = [line for line in installed.crontab_lines if line.endswith(ending)]
        self.stdout.write(f"Entries of this installation in the crontab: {len(entries)}")
        for entry in entries:
            self.stdout.write(f"  {entry}", ending="")

"""`manage.py crontab`: django-crontab's own command, safe to run again after SYNC_INTERVAL_SECONDS has changed.

Left to speak for itself, django-crontab looks up each entry in the settings; on one from before the change it gives up
half-way, having removed some entries and added none.
"""

from typing import Any

from django_crontab.crontab import Crontab
from django_crontab.management.commands import crontab


class Command(crontab.Command):  # type: ignore[misc]
    help = "Have cron run the sync (add), see its entries (show), take them out again (remove)."
    # As for the sync itself: a missing webhook secret is an error of the site's, and must not keep cron from syncing.
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

"""Django's `migrate`. On MongoDB, where a migration is no transaction, two at a time would disturb each other."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from config.mongo import migrating


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "mongodb" or options["plan"] or options["check_unapplied"]:
            super().handle(*args, **options)
            return
        with migrating.alone(connection.database, say=self.stdout.write):  # type: ignore[attr-defined]
            super().handle(*args, **options)

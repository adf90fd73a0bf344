"""Checks of the database: it answers, and all migrations are applied."""

from collections.abc import Iterator
from textwrap import shorten

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from billing.masking import mask
from subscriptions.monitoring.doctor.finding import Finding, ok, problem

MAX_REASON_LENGTH = 200


def check_database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        unapplied = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:  # noqa: BLE001  (each engine's driver raises its own)
        yield problem(f"The database at DATABASE_URL does not answer: {shorten(mask(str(error)), MAX_REASON_LENGTH)}")
        return
    if unapplied:
        yield problem(f"{len(unapplied)} migrations have not been applied. Run `manage.py migrate`.")
    else:
        yield ok("It answers, and every migration has been applied.")

"""The database: it answers, and has its tables."""

from collections.abc import Iterator
from textwrap import shorten

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from subscriptions.monitoring.doctor.finding import Finding, ok, problem

LONGEST_REASON = 200


def check_database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:  # noqa: BLE001  (whatever the engine's driver raises)
        yield problem(f"DATABASE_URL is not answered: {shorten(str(error), LONGEST_REASON)}")
        return
    if waiting:
        yield problem(f"{len(waiting)} migrations have not been applied. Run `manage.py migrate`.")
    else:
        yield ok("It answers, and every migration has been applied.")

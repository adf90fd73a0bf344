"""Migrations keep the rows that are there, on every engine."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from subscriptions.models import ErasedCustomer, Subscription

BEFORE, AFTER = "0003_product_claim", "0004_plain_names"


@pytest.fixture
def before(transactional_db: None) -> Iterator[Any]:
    """The models as they were before; the database is brought up to date afterwards."""
    executor = MigrationExecutor(connection)
    executor.migrate([("subscriptions", BEFORE)])
    yield executor.loader.project_state([("subscriptions", BEFORE)]).apps
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_plain_names_keep_erased_customers_and_unsaved_history(before: Any) -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    before.get_model("subscriptions", "Tombstone").objects.create(pk="cus_1", buried_at=moment, reason="on request")
    line = {"id": "1", "to_status": "active"}
    before.get_model("subscriptions", "Subscription").objects.create(pk="sub_1", status="active", untold_change=line)
    executor = MigrationExecutor(connection)
    executor.migrate([("subscriptions", AFTER)])
    erased = ErasedCustomer.objects.get()
    assert (erased.pk, erased.erased_at, erased.reason) == ("cus_1", moment, "on request")
    assert Subscription.objects.values_list("pk", "unsaved_history_line").get() == ("sub_1", line)

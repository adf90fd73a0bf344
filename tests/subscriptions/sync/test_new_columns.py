"""The first full sync after an update fills the columns that the update added; that is no drift."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from billing.models import Product
from subscriptions.models import Invoice, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, settle, sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def migration(db: None) -> Iterator[Any]:
    """The record of the update that has added `collection_method`, put back as it was afterwards."""
    records = MigrationRecorder(connection).migration_qs.filter(app="subscriptions", name="0013_pauses_and_ends")
    applied = records.values_list("applied", flat=True).get()
    yield records
    records.update(applied=applied)


@pytest.fixture
def updated(new_subscription: Subscription, migration: Any, local_stripe: LocalStripe) -> Subscription:
    """A subscription that was compared before that update, and about which no event has come since."""
    local_stripe.control("clock", advance=DAY)
    settle()
    sync_now(full=True)
    migration.update(applied=timezone.now() + timedelta(seconds=1))
    return new_subscription


def test_rows_that_lack_new_columns_are_filled_and_did_not_drift(updated: Subscription) -> None:
    Subscription.objects.update(collection_method="")
    run, _ = sync_now(full=True)
    assert (run.is_complete, run.updated, run.drift, run.drifted) == (True, 1, 0, [])
    assert Subscription.objects.get().collection_method == "charge_automatically"


def test_rows_that_differ_otherwise_too_have_drifted(updated: Subscription) -> None:
    Subscription.objects.update(collection_method="", quantity=7)
    run, _ = sync_now(full=True)
    assert (run.updated, run.drifted) == (1, [updated.pk])
    assert Subscription.objects.get().quantity == 1


def test_other_kinds_of_rows_drift_as_ever(updated: Subscription) -> None:
    Product.objects.update(description="Changed here")
    Invoice.objects.update(number="X")
    run, _ = sync_now(full=True)
    assert sorted(run.drifted) == sorted([Product.objects.get().pk, Invoice.objects.get().pk])


def test_afterwards_it_is_drift_again(updated: Subscription, migration: Any) -> None:
    migration.update(applied=timezone.now() - timedelta(hours=1))
    Subscription.objects.update(collection_method="")
    run, _ = sync_now(full=True)
    assert run.drifted == [updated.pk]

"""The first full sync after an update fills the columns that the update added; that is no drift."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from billing import gateway
from billing.gateway.snapshots import JSON
from billing.mirror import engine
from billing.models import Price, Product
from subscriptions.mirror import kinds
from subscriptions.models import Invoice, Subscription, SubscriptionSchedule
from tests.fixtures import LocalStripe
from tests.subscriptions.books import full_run
from tests.subscriptions.conftest import DAY, settle, sync_now

pytestmark = pytest.mark.django_db


@contextmanager
def restored(name: str) -> Iterator[Any]:
    """Give the record of an update, and put it back as it was afterwards."""
    records = MigrationRecorder(connection).migration_qs.filter(app="subscriptions", name=name)
    applied = records.values_list("applied", flat=True).get()
    yield records
    records.update(applied=applied)


@pytest.fixture
def migration(db: None) -> Iterator[Any]:
    """The record of the update that has added `collection_method`."""
    with restored("0013_pauses_and_ends") as records:
        yield records


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


def test_after_a_sync_whose_clock_was_ahead_too(updated: Subscription) -> None:
    full_run(timezone.now(), age=timedelta(days=-40))
    Subscription.objects.update(collection_method="")
    run, _ = sync_now(full=True)
    assert (run.updated, run.drift, run.drifted) == (1, 0, [])


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


@pytest.fixture
def contents(db: None) -> Iterator[Any]:
    """The record of the update that added to the changes of a schedule."""
    with restored("0024_schedule_contents") as records:
        yield records


@pytest.fixture(params=["not started", "referenced"])
def known(
    request: pytest.FixtureRequest, new_subscription: Subscription, price: Price, local_stripe: LocalStripe
) -> JSON:
    """The next change of a schedule with a discount, as it was compared before that update."""
    half = local_stripe.api.coupons.create({"percent_off": 50, "duration": "forever"})
    discounts: Any = [{"coupon": half.id}]
    if request.param == "not started":
        starts_at = int(timezone.now().timestamp()) + 10 * DAY
        phase: Any = {"items": [{"price": price.pk}], "discounts": discounts}
        made = local_stripe.api.subscription_schedules.create(
            {"customer": str(new_subscription.customer_id), "start_date": starts_at, "phases": [phase]}
        )
    else:
        made = local_stripe.api.subscription_schedules.create({"from_subscription": new_subscription.pk})
        now = made.phases[0]
        kept: Any = {"start_date": now.start_date, "end_date": now.end_date, "items": [{"price": price.pk}]}
        later: Any = {"items": [{"price": price.pk, "quantity": 2}], "discounts": discounts}
        local_stripe.api.subscription_schedules.update(made.id, {"phases": [kept, later]})
    engine.apply_answer(kinds.SCHEDULE, made.id, lambda: gateway.retrieve_schedule(made.id))
    local_stripe.control("clock", advance=DAY)
    settle()
    sync_now(full=True)
    (following,) = SubscriptionSchedule.objects.get().following
    assert following["is_discounted"]
    SubscriptionSchedule.objects.update(
        following=[{name: following[name] for name in following if name != "is_discounted"}]
    )
    return dict(following)


def test_what_is_added_inside_a_json_column_did_not_drift_either(known: JSON, contents: Any) -> None:
    contents.update(applied=timezone.now() + timedelta(seconds=1))
    run, _ = sync_now(full=True)
    assert (run.is_complete, run.drift, run.drifted) == (True, 0, [])
    assert SubscriptionSchedule.objects.get().following == [known]


def test_a_schedule_that_differs_otherwise_too_has_drifted(known: JSON, contents: Any) -> None:
    contents.update(applied=timezone.now() + timedelta(seconds=1))
    SubscriptionSchedule.objects.update(next_quantity=7)
    run, _ = sync_now(full=True)
    assert run.drifted == [SubscriptionSchedule.objects.get().pk]


def test_contents_that_are_not_new_drift_as_ever(known: JSON, contents: Any) -> None:
    contents.update(applied=timezone.now() - timedelta(days=2))
    run, _ = sync_now(full=True)
    assert run.drifted == [SubscriptionSchedule.objects.get().pk]
    assert SubscriptionSchedule.objects.get().following == [known]

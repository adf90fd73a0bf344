"""Migrations keep the rows that are there, on every engine."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from subscriptions.models import PersonLookup
from subscriptions.people import lookup

pytestmark = pytest.mark.django_db(transaction=True)

MAY = datetime(2026, 5, 3, tzinfo=UTC)


def migrate_to(name: str) -> Any:
    """Migrate the app forward or back, and return its models as they are there."""
    executor = MigrationExecutor(connection)
    executor.migrate([("subscriptions", name)])
    return MigrationExecutor(connection).loader.project_state([("subscriptions", name)]).apps


@pytest.fixture
def newest() -> Iterator[None]:
    """Bring the database up to date after the test."""
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture
def before_claims(newest: None) -> Any:
    return migrate_to("0002_plain_labels")


@pytest.fixture
def before_plain_names(newest: None) -> Any:
    return migrate_to("0003_product_claim")


@pytest.fixture
def before_look_ups(newest: None) -> Any:
    return migrate_to("0027_cancellation_details")


def make_session(models: Any, product_id: str, status: str, **columns: Any) -> UUID:
    made = models.get_model("subscriptions", "CheckoutSession").objects.create(
        pk=uuid4(), customer_id="cus_1", product_id=product_id, status=status, mode="payment", **columns
    )
    return UUID(str(made.pk))


def make_subscription(models: Any, pk: str, changing_to: str) -> None:
    models.get_model("subscriptions", "Subscription").objects.create(
        pk=pk, customer_id="cus_1", status="active", changing_to=changing_to, changing_since_at=MAY
    )


def claims_of(models: Any) -> dict[str, tuple[str, UUID | None, str | None]]:
    rows = models.get_model("subscriptions", "ProductClaim").objects.all()
    return {
        row.pk: (row.state, None if row.state == "changing" else row.attempt_id, row.subscription_id) for row in rows
    }


def test_purchases_and_changes_in_progress_keep_their_claims(before_claims: Any) -> None:
    begun = make_session(before_claims, "prod_begun", "claimed", open_key="cus_1 prod_begun")
    shown = make_session(before_claims, "prod_shown", "open", open_key="cus_1 prod_shown")
    paid = make_session(before_claims, "prod_paid", "complete", open_key="cus_1 prod_paid")
    bought = make_session(before_claims, "prod_bought", "complete", open_key="cus_1 prod_bought")
    before_claims.get_model("subscriptions", "Payment").objects.create(
        pk=bought, customer_id="cus_1", amount=1, currency="usd", status="succeeded"
    )
    make_session(before_claims, "prod_left", "expired")
    make_subscription(before_claims, "sub_1", "prod_changed_to")
    make_subscription(before_claims, "sub_2", "prod_shown")
    make_subscription(before_claims, "sub_3", "")

    new_models = migrate_to("0003_product_claim")

    assert claims_of(new_models) == {
        "cus_1 prod_begun": ("buying", begun, None),
        "cus_1 prod_shown": ("at_checkout", shown, None),
        "cus_1 prod_paid": ("at_checkout", paid, None),
        "cus_1 prod_changed_to": ("changing", None, "sub_1"),
    }
    claim = new_models.get_model("subscriptions", "ProductClaim").objects.get(subscription_id="sub_1")
    assert (claim.customer_id, claim.product_id, claim.taken_at) == ("cus_1", "prod_changed_to", MAY)


def test_and_get_them_back_when_it_is_undone(before_claims: Any) -> None:
    shown = make_session(before_claims, "prod_shown", "open", open_key="cus_1 prod_shown")
    make_subscription(before_claims, "sub_1", "prod_changed_to")
    migrate_to("0003_product_claim")

    models_again = migrate_to("0002_plain_labels")

    session = models_again.get_model("subscriptions", "CheckoutSession").objects.get()
    assert (UUID(str(session.pk)), session.open_key) == (shown, "cus_1 prod_shown")
    subscription = models_again.get_model("subscriptions", "Subscription").objects.get()
    assert (subscription.changing_to, subscription.changing_since_at) == ("prod_changed_to", MAY)


def test_plain_names_keep_erased_customers_and_unsaved_history(before_plain_names: Any) -> None:
    line = {"id": "1", "to_status": "active"}
    before_plain_names.get_model("subscriptions", "Tombstone").objects.create(
        pk="cus_1", buried_at=MAY, reason="on request"
    )
    before_plain_names.get_model("subscriptions", "Subscription").objects.create(
        pk="sub_1", status="active", untold_change=line
    )

    models = migrate_to("0004_plain_names")

    erased = models.get_model("subscriptions", "ErasedCustomer").objects.get()
    assert (erased.pk, erased.erased_at, erased.reason) == ("cus_1", MAY, "on request")
    subscriptions = models.get_model("subscriptions", "Subscription").objects
    assert subscriptions.values_list("pk", "unsaved_history_line").get() == ("sub_1", line)


def test_everybody_from_before_is_found_also_two_with_one_address(before_look_ups: Any) -> None:
    users = before_look_ups.get_model("auth", "User").objects
    ada, other = users.create(username="Ada", email="Ada@X.com"), users.create(username="ada2", email="ada@x.com")
    grace = users.create(username="grace")

    migrate_to("0028_person_lookup")
    PersonLookup.objects.create(pk=grace.pk, name="grace")  # As a migration that was cut off has left it.
    migrate_to("0029_find_people")

    found = sorted(PersonLookup.objects.values_list("name", "email"))
    assert found == [("ada", "ada@x.com"), ("ada2", "ada@x.com"), ("grace", "")]
    assert [user.pk for user in lookup.with_address("ADA@X.COM")] == [ada.pk, other.pk]

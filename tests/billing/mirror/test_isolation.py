"""Which errors are about one object, and which say that Stripe or the database is away."""

import pytest
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, connection

from billing.errors import StripeMisconfigured, StripeMissing, StripeUnavailable
from billing.mirror.isolation import FailedObject, isolated

AWAY = [
    StripeUnavailable("?"),
    StripeMisconfigured("?", setting="STRIPE_KEY"),
    OperationalError("database is locked"),
    DatabaseError("database disk image is malformed"),
    InterfaceError("connection already closed"),
    MemoryError(),
]
ABOUT_THE_OBJECT = [StripeMissing("?"), DataError("?"), IntegrityError("?"), ValueError("?")]


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_what_would_fail_for_every_object_is_raised(error: Exception) -> None:
    failed: list[FailedObject] = []
    with pytest.raises(type(error)), isolated("event", "evt_1", failed):
        raise error
    assert failed == []


@pytest.mark.parametrize("error", ABOUT_THE_OBJECT, ids=repr)
def test_what_is_about_the_object_is_recorded(error: Exception) -> None:
    failed: list[FailedObject] = []
    with isolated("event", "evt_1", failed):
        raise error
    assert [(one.object_name, one.id) for one in failed] == [("event", "evt_1")]


def test_mongodb_without_a_primary_is_away() -> None:
    """The backend raises a plain DatabaseError for every error of its driver."""
    errors = pytest.importorskip("pymongo.errors")
    query = pytest.importorskip("django_mongodb_backend.query")

    @query.wrap_database_errors  # type: ignore[untyped-decorator]
    def write() -> None:
        raise errors.ServerSelectionTimeoutError("no primary")

    failed: list[FailedObject] = []
    with pytest.raises(DatabaseError), isolated("event", "evt_1", failed), connection.wrap_database_errors:
        write()
    assert failed == []

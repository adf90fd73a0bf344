"""What a migration writes into documents that are there."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, models

from subscriptions.models import WebhookEvent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("mongodb")]

DEFAULTS = {
    "a text that would be a path": (models.TextField, "$type"),
    "a text that would be a variable": (models.CharField, "$$ROOT"),
    "an object that would be an operator": (models.JSONField, {"$a": 1}),
    "an empty object": (models.JSONField, dict),
}


@pytest.fixture
def event() -> None:
    WebhookEvent.objects.create(pk="evt_1", type="price.created", stripe_created_at=datetime(2026, 5, 3, tzinfo=UTC))


def column(kind: Any, **options: Any) -> "models.Field[Any, Any]":
    field = kind(max_length=20, **options) if kind is models.CharField else kind(**options)
    field.set_attributes_from_name("note")
    return field


def stored() -> Any:
    return connection.get_collection(WebhookEvent._meta.db_table).find_one({"_id": "evt_1"})["note"]


@pytest.mark.parametrize("which", DEFAULTS)
class TestDefault:
    def test_of_a_new_column(self, which: str, event: None) -> None:
        kind, default = DEFAULTS[which]
        with connection.schema_editor() as editor:
            editor.add_field(WebhookEvent, column(kind, default=default))
        assert stored() == (default() if callable(default) else default)

    def test_instead_of_null(self, which: str, event: None) -> None:
        kind, default = DEFAULTS[which]
        with connection.schema_editor() as editor:
            editor.add_field(WebhookEvent, column(kind, null=True))
            editor.alter_field(WebhookEvent, column(kind, null=True), column(kind, default=default))
        assert stored() == (default() if callable(default) else default)

"""The schema editor: stores defaults as they are, and does what was done already once only."""

from typing import Any

from django.db.models import Field
from django_mongodb_backend import schema

from config.mongo.backend.resuming import Resumable


class DatabaseSchemaEditor(Resumable, schema.DatabaseSchemaEditor):  # type: ignore[misc]
    def effective_default(self, field: "Field[Any, Any]") -> Any:
        """Return a new column's default as a literal: in an update, "$x" or {"$a": 1} would be an expression."""
        return {"$literal": super().effective_default(field)}

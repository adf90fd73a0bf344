"""The schema editor: stores defaults as they are."""

from typing import Any

from django.db.models import Field
from django_mongodb_backend import schema


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):  # type: ignore[misc]
    def effective_default(self, field: "Field[Any, Any]") -> Any:
        """Return a new column's default as a literal: in an update, "$x" or {"$a": 1} would be an expression."""
        return {"$literal": super().effective_default(field)}

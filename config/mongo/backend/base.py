"""The connection: gives the compilers, the schema editor and the shell of this package to Django."""

from typing import Any

from django_mongodb_backend import base
from django_mongodb_backend.utils import OperationDebugWrapper

from config.mongo.backend.client import DatabaseClient
from config.mongo.backend.operations import DatabaseOperations
from config.mongo.backend.schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    SchemaEditorClass = DatabaseSchemaEditor
    client_class = DatabaseClient
    ops_class = DatabaseOperations

    def get_collection(self, name: str, **options: Any) -> Any:
        collection = super().get_collection(name, **options)
        return LoggedCollection(self, collection.wrapped) if self.queries_logged else collection


class LoggedCollection(OperationDebugWrapper):  # type: ignore[misc]
    """Also logs the two methods that the backend itself does not use."""

    def update_one(self, *args: Any, **options: Any) -> Any:
        return self._logged("update_one", args, options)

    def delete_one(self, *args: Any, **options: Any) -> Any:
        return self._logged("delete_one", args, options)

    def _logged(self, method: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        duration, result = self.profile_call(getattr(self.wrapped, method), args, options)
        self.log(method, duration, args)
        return result

"""What config/mongo/backend replaces of the backend is still what it was written against."""

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django_mongodb_backend import base, client, compiler, query, schema, utils

WRITTEN_AGAINST = {
    "how a connection gives a collection": (base.DatabaseWrapper.get_collection, "074e9b3b04801d75"),
    "how a delete is sent": (query.MongoQuery.delete, "c2a30450d024a8a0"),
    "how a pipeline is put together": (query.MongoQuery.get_pipeline, "524ff6c069545da3"),
    "how a query is sent": (query.MongoQuery.get_cursor, "ff562193a55f2c4a"),
    "how an update is sent": (compiler.SQLUpdateCompiler.update, "15d2efef236fdc3a"),
    "how an update is written": (compiler.SQLUpdateCompiler.execute_sql, "cc57a56476273060"),
    "how columns are made": (compiler.SQLCompiler.get_project_fields, "06d8337c73618b3b"),
    "how rows are joined": (query.join, "e8e53cc69663b3fa"),
    "how rows are read": (compiler.SQLCompiler.cursor_iter, "37857ba4c1680901"),
    "how rows are sorted": (compiler.SQLCompiler._get_ordering, "66e86d7d100ee954"),
    "how errors are wrapped": (query.wrap_database_errors, "d80015915f0e70f9"),
    "how collections, columns and indexes are made": (schema.BaseSchemaEditor, "3cd11d0f8d0242cc"),
    "how calls are logged": (utils.OperationDebugWrapper, "57ba1ec723e3ff6d"),
    "how the shell is started": (client.DatabaseClient, "72db0d6f6fd83832"),
}


@pytest.mark.parametrize("what", WRITTEN_AGAINST)
def test_the_backend_has_not_changed(what: str) -> None:
    replaced, digest = WRITTEN_AGAINST[what]
    assert digest_of(replaced) == digest, f"The backend changed {what}: compare it with config/mongo/backend."


def digest_of(part: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16]

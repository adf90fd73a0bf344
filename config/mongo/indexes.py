"""Plain indexes of unique columns on MongoDB.

The backend's unique index is partial: it has only values of the column's type. MongoDB can't use a partial index for
`column = value`, so without a second index each request with a session and each sign-in reads a whole collection.
"""

from functools import partial

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django_mongodb_backend.schema import DatabaseSchemaEditor


def lookup_index(table: str, column: str) -> RunPython:
    """Return the migration operation that adds a plain index of `column` beside the unique one."""
    return RunPython(partial(_create, table, column), partial(_drop, table, column))


def _create(table: str, column: str, apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    if isinstance(editor, DatabaseSchemaEditor):
        editor.get_collection(table).create_index(column, name=_name(table, column))


def _drop(table: str, column: str, apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
    if isinstance(editor, DatabaseSchemaEditor):
        editor.get_collection(table).drop_index(_name(table, column))


def expiry_index(table: str, column: str) -> RunPython:
    """Return the migration operation that has MongoDB delete documents when the time in `column` has come.

    It replaces the plain index of the column: MongoDB keeps one index of the same columns.
    """
    expire, keep = partial(_replace, table, column, 0), partial(_replace, table, column, None)
    return RunPython(expire, keep)


def _replace(
    table: str,
    column: str,
    seconds: int | None,
    apps: Apps,  # noqa: ARG001
    editor: BaseDatabaseSchemaEditor,
) -> None:
    if isinstance(editor, DatabaseSchemaEditor):
        collection = editor.get_collection(table)
        for name, index in collection.index_information().items():
            if index["key"] == [(column, 1)] and index.get("expireAfterSeconds") != seconds:
                collection.drop_index(name)
        options = {} if seconds is None else {"expireAfterSeconds": seconds}
        collection.create_index(column, name=f"{table}_{column}_expiry", **options)


def _name(table: str, column: str) -> str:
    return f"{table}_{column}_lookup"

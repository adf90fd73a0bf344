"""mongomock-ng as the database behind django-mongodb-backend, with six of its defects mended.

mongomock-ng keeps documents in the memory of this process and answers pymongo's calls in Python. Importing this module
mends it. Each mend says what MongoDB does, and has a test in tests/test_mongomock_adapter.py.
"""

import copy
from functools import partial
from typing import Any

import mongomock_ng
import pymongo.errors
from django_mongodb_backend import base
from mongomock_ng import aggregate, collection, filtering

from tests.mongo.mongomock import RecordedCollection
from tests.mongo.recorder import recorder

_stages = aggregate._PIPELINE_HANDLERS
_add_fields, _lookup = _stages["$addFields"], _stages["$lookup"]


def install() -> None:
    """Have the connections that Django opens from now on use mongomock-ng instead of pymongo."""
    base.MongoClient = mongomock_ng.MongoClient
    base.Collection = lambda database, name, **options: RecordedCollection(
        database.get_collection(name, **options), recorder
    )


def _get_field(parser: Any, operator: str, argument: Any) -> Any:
    """`$getField`: in MongoDB `input` is any expression, and an absent field is missing, not null."""
    if isinstance(argument, str):
        argument = {"field": argument, "input": "$$CURRENT"}
    document = parser.parse(argument.get("input", "$$CURRENT"))
    name = parser.parse(argument["field"])
    if document is None:
        return None
    return document.get(name, aggregate.NOTHING) if isinstance(document, dict) else aggregate.NOTHING


def _filter_applies(condition: Any, document: Any, user_vars: dict[str, Any] | None = None) -> bool:
    """`$match`: in MongoDB the variables of a `$lookup`'s `let` are known inside `$and`, `$or` and `$nor` too."""
    filterer = copy.copy(filtering._filterer_inst)
    filterer.apply = partial(filterer.apply, user_vars=user_vars)  # These operators call it without the variables.
    return bool(filterer.apply(condition, document))


class DuplicateKeyError(pymongo.errors.DuplicateKeyError):
    """MongoDB writes "E11000 duplicate key error", in lower case, and the backend looks for these words."""

    def __init__(self, message: str, *details: Any) -> None:
        super().__init__(message.replace("Duplicate Key Error", "duplicate key error"), *details)


def _add_nested_fields(documents: Any, database: Any, fields: dict[str, Any], variables: Any) -> Any:
    """`$addFields`: MongoDB merges `{a: {b: …}}` into a document that `a` already holds."""
    return _add_fields(documents, database, _with_dotted_names(fields), variables)


def _with_dotted_names(fields: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    dotted = {}
    for name, value in fields.items():
        is_nested = isinstance(value, dict) and value and not any(key.startswith("$") for key in value)
        dotted |= _with_dotted_names(value, f"{prefix}{name}.") if is_nested else {f"{prefix}{name}": value}
    return dotted


def _lookup_in_list(documents: Any, database: Any, options: dict[str, Any], variables: Any) -> Any:
    """`$lookup` as the first stage of another: MongoDB passes its documents on; a generator is used up by the join."""
    return _lookup(list(documents), database, options, variables)


def _list_search_indexes(_collection: Any, *_: Any, **__: Any) -> Any:
    """Search indexes: a MongoDB that is not Atlas refuses to list them, and the backend takes that as "none"."""
    raise pymongo.errors.OperationFailure("$listSearchIndexes stage is only allowed on MongoDB Atlas")


def _aggregate(rows: Any, pipeline: list[Any], session: Any = None) -> Any:
    """Copy only the documents that the first `$match` selects: mends no defect, but is faster in large tables."""
    condition = pipeline[0].get("$match", {}) if pipeline else {}
    return aggregate.process_pipeline(list(rows.find(condition)), rows.database, pipeline, session)


aggregate._Parser._handle_field_operator = _get_field
filtering.filter_applies = _filter_applies
collection.DuplicateKeyError = DuplicateKeyError
_stages["$addFields"] = _stages["$set"] = _add_nested_fields
_stages["$lookup"] = _lookup_in_list
collection.Collection.list_search_indexes = _list_search_indexes
collection.Collection.aggregate = _aggregate

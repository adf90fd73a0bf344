"""mongomock's collections, recorded as the commands that pymongo would send to a server."""

from collections.abc import Iterable
from typing import Any

from pymongo import IndexModel
from pymongo.operations import DeleteMany, DeleteOne, ReplaceOne, UpdateMany, UpdateOne

from tests.mongo.recorder import Recorder


class RecordedCollection:
    """A collection of mongomock that records what is asked of it."""

    def __init__(self, collection: Any, recorder: Recorder) -> None:
        self._collection, self._recorder = collection, recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    def _record(self, command: str, **arguments: Any) -> None:
        body = {command: self._collection.name, **arguments}
        self._recorder.record(self._collection.database.name, command, body)

    def aggregate(self, pipeline: list[Any], **options: Any) -> Any:
        self._record("aggregate", pipeline=pipeline)
        return self._collection.aggregate(pipeline, **options)

    def find(self, filter: Any = None, *positional: Any, **options: Any) -> Any:  # noqa: A002  (pymongo's name)
        self._record(
            "find", filter=filter or {}, **{name: options[name] for name in options.keys() & {"sort", "limit"}}
        )
        return self._collection.find(filter, *positional, **options)

    def find_one(self, filter: Any = None, *positional: Any, **options: Any) -> Any:  # noqa: A002
        self._record("find", filter=filter or {}, limit=1)
        return self._collection.find_one(filter, *positional, **options)

    def count_documents(self, filter: Any, **options: Any) -> Any:  # noqa: A002
        self._record("aggregate", pipeline=[{"$match": filter}, {"$group": {"_id": 1, "n": {"$sum": 1}}}])
        return self._collection.count_documents(filter, **options)

    def find_one_and_update(self, filter: Any, update: Any, **options: Any) -> Any:  # noqa: A002
        self._record("findAndModify", query=filter, update=update)
        return self._collection.find_one_and_update(filter, update, **options)

    def update_one(self, filter: Any, update: Any, **options: Any) -> Any:  # noqa: A002
        self._record("update", updates=[{"q": filter, "u": update}])
        return self._collection.update_one(filter, update, **options)

    def update_many(self, filter: Any, update: Any, **options: Any) -> Any:  # noqa: A002
        self._record("update", updates=[{"q": filter, "u": update, "multi": True}])
        return self._collection.update_many(filter, update, **options)

    def delete_one(self, filter: Any, **options: Any) -> Any:  # noqa: A002
        self._record("delete", deletes=[{"q": filter, "limit": 1}])
        return self._collection.delete_one(filter, **options)

    def delete_many(self, filter: Any, **options: Any) -> Any:  # noqa: A002
        self._record("delete", deletes=[{"q": filter, "limit": 0}])
        return self._collection.delete_many(filter, **options)

    def bulk_write(self, requests: list[Any], **options: Any) -> Any:
        for one in requests:
            self._record_one_of_many(one)
        return self._collection.bulk_write(requests, **options)

    def _record_one_of_many(self, one: Any) -> None:
        match one:
            case UpdateOne() | UpdateMany() | ReplaceOne():
                self._record(
                    "update", updates=[{"q": one._filter, "u": one._doc, "multi": isinstance(one, UpdateMany)}]
                )
            case DeleteOne() | DeleteMany():
                self._record("delete", deletes=[{"q": one._filter, "limit": int(isinstance(one, DeleteOne))}])

    def create_index(self, keys: Any, **options: Any) -> Any:
        self._record("createIndexes", indexes=[IndexModel(keys, **options).document])
        return self._collection.create_index(keys, **options)

    def create_indexes(self, indexes: Iterable[IndexModel], **options: Any) -> Any:
        made = list(indexes)
        self._record("createIndexes", indexes=[index.document for index in made])
        return self._collection.create_indexes(made, **options)

    def drop_index(self, index_or_name: str, **options: Any) -> Any:
        self._record("dropIndexes", index=index_or_name)
        return self._collection.drop_index(index_or_name, **options)

    def drop(self, **options: Any) -> Any:
        self._record("drop")
        return self._collection.drop(**options)

    def rename(self, new_name: str, **options: Any) -> Any:
        database = self._collection.database.name
        self._recorder.record(
            "admin",
            "renameCollection",
            {"renameCollection": f"{database}.{self._collection.name}", "to": f"{database}.{new_name}"},
        )
        return self._collection.rename(new_name, **options)

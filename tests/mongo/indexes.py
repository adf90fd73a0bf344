"""The indexes that a database has, known from the commands that made them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ID = "_id"


@dataclass(frozen=True)
class Index:
    """One index. A partial or sparse one lacks rows, so MongoDB does not use it for `column = value`."""

    keys: tuple[tuple[str, Any], ...]
    is_whole: bool = True

    @property
    def first(self) -> str:
        return self.keys[0][0]


@dataclass
class Indexes:
    """The indexes of each collection, by their names. Every collection has one of `_id`."""

    _known: dict[tuple[str, str], dict[str, Index]] = field(default_factory=dict)

    def of(self, database: str, collection: str) -> list[Index]:
        """Return the indexes that can find any row of the collection."""
        made = self._known.get((database, collection), {}).values()
        return [Index(((ID, 1),)), *(index for index in made if index.is_whole)]

    def follow(self, database: str, name: str, command: Mapping[str, Any]) -> None:
        """Take note of a command that makes or drops indexes."""
        match name:
            case "createIndexes":
                self._known.setdefault((database, command[name]), {}).update(_read(command["indexes"]))
            case "dropIndexes":
                made = self._known.get((database, command[name]), {})
                for dropped in list(made) if command["index"] == "*" else [command["index"]]:
                    made.pop(dropped, None)
            case "drop":
                self._known.pop((database, command[name]), None)
            case "renameCollection":
                self._rename(command[name], command["to"])
            case "dropDatabase":
                for place in [place for place in self._known if place[0] == database]:
                    del self._known[place]

    def _rename(self, old: str, new: str) -> None:
        (database, _, was), (_, _, becomes) = old.partition("."), new.partition(".")
        self._known[database, becomes] = self._known.pop((database, was), {})


def _read(definitions: Iterable[Mapping[str, Any]]) -> dict[str, Index]:
    return {
        made["name"]: Index(
            tuple(made["key"].items()), not (made.get("partialFilterExpression") or made.get("sparse"))
        )
        for made in definitions
    }

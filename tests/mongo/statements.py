"""Reads and writes of a collection, taken out of the commands that carry them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Stage = Mapping[str, Any]

# What `$lookup` names: collections and fields.
NAMES = {"from", "localField", "foreignField", "as"}


@dataclass(frozen=True)
class Statement:
    """One read, update or delete. Its filter is the `$match` that the pipeline begins with."""

    verb: str
    collection: str
    pipeline: list[Stage]
    update: Any = None
    is_multi: bool = False

    def shape(self) -> str:
        """Return the statement without its values: the same text for every use of one query."""
        parts = [self.verb, self.collection, masked(self.pipeline)]
        if self.verb == "update":
            parts += [masked(self.update), "multi" if self.is_multi else "one"]
        return " ".join(part if isinstance(part, str) else json.dumps(part) for part in parts)


def statements(name: str, command: Mapping[str, Any]) -> Iterator[Statement]:
    """Return what a command reads or changes; nothing for an insert, and for commands about no row."""
    match name:
        case "aggregate" if isinstance(command["aggregate"], str):
            yield Statement("read", command["aggregate"], command["pipeline"])
        case "find":
            yield Statement("read", command["find"], _stages(command, filter="$match", sort="$sort", limit="$limit"))
        case "count" | "distinct" if command.get("query") or name == "distinct":  # A collection's size is kept.
            yield Statement("read", command[name], _stages(command, query="$match"))
        case "update" | "delete" | "findAndModify":
            yield from _writes(name, command)


def _writes(name: str, command: Mapping[str, Any]) -> Iterator[Statement]:
    collection = command[name]
    if name == "findAndModify":
        query = _stages(command, query="$match", sort="$sort")
        yield Statement("update", collection, query, command.get("update"))
    for one in command.get("updates", ()):
        yield Statement("update", collection, [{"$match": one["q"]}], one["u"], bool(one.get("multi")))
    for one in command.get("deletes", ()):
        yield Statement("delete", collection, [{"$match": one["q"]}], is_multi=one["limit"] == 0)


def _stages(command: Mapping[str, Any], **stages: str) -> list[Stage]:
    return [{stage: command[option]} for option, stage in stages.items() if command.get(option)]


def masked(value: Any, operator: str = "") -> Any:
    """Return a part of a command with names and operators, and "?" in place of each value."""
    match value:
        case _ if operator == "$literal":
            return "?"
        case _ if operator == "$sort":
            return dict(value)
        case str() if operator in NAMES:
            return value
        case dict():
            return {name: masked(part, name) for name, part in value.items()}
        case list() | tuple() if operator in {"$in", "$nin"} and not _holds_expressions(value):
            return ["?"]
        case list() | tuple():
            return [masked(part) for part in value]
        case str() if value.startswith("$"):
            return value
        case _:
            return "?"


def _holds_expressions(values: Any) -> bool:
    return any(isinstance(value, dict) or (isinstance(value, str) and value.startswith("$")) for value in values[:2])

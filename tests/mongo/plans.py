"""What a server of one's own plans for each kind of statement, beside what the rules assume.

Used with TEST_MONGODB_URL: `explain` runs once for each kind, just before the statement, with its values and the rows
that are there then, over a connection of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.mongo import rules
from tests.mongo.exceptions import SMALL
from tests.mongo.indexes import Index
from tests.mongo.statements import Statement

# Stages by which a plan finds rows; MongoDB 8 has express plans too, for one key.
BY_INDEX = ("IXSCAN", "IDHACK", "EXPRESS", "COUNT_SCAN", "DISTINCT_SCAN")
WHOLE = "COLLSCAN"
# So many documents for each that is found are no surprise in the small collections of the tests.
FEW = 100


@dataclass(frozen=True)
class Plan:
    """How a server finds the rows of a statement: the stages of the plan, and the documents that it read."""

    stages: frozenset[str]
    examined: int = 0
    returned: int = 0

    @property
    def uses_an_index(self) -> bool:
        return any(stage.startswith(BY_INDEX) or stage.endswith(BY_INDEX) for stage in self.stages)

    @property
    def sorts_in_memory(self) -> bool:
        return bool(self.stages & {"SORT", "$sort", "sort"})


def read(explained: Mapping[str, Any]) -> Plan:
    """Return the plan in an answer to `explain`, of any server from 6.0 on."""
    found = list(_walk(explained))
    examined = [int(value) for name, value in found if name == "totalDocsExamined"]
    returned = [int(value) for name, value in found if name == "nReturned"]
    stages = {value for name, value in found if name == "stage"} | {name for name, _ in found if name == "$sort"}
    return Plan(frozenset(stages), max(examined, default=0), max(returned, default=0))


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Return names and values at any depth, without the plans that were rejected and the question itself."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name not in {"rejectedPlans", "command", "allPlansExecution"}:
                yield name, part
                yield from _walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from _walk(part)


def surprise(statement: Statement, indexes: list[Index], plan: Plan) -> str:
    """Return how a plan differs from what the rules assume, or nothing."""
    firsts = {index.first for index in indexes}
    is_found = rules.is_indexed(rules.own_conditions(statement.pipeline), firsts)
    if is_found and WHOLE in plan.stages:
        return "reads the whole collection, where an index is assumed"
    is_asked = any("$match" in stage and stage["$match"] for stage in statement.pipeline)
    if is_asked and not is_found and plan.uses_an_index and WHOLE not in plan.stages:
        return "uses an index, where reading the whole collection is assumed"
    is_small = statement.collection in SMALL or rules.finds_few(statement.pipeline, indexes)
    if plan.sorts_in_memory and not is_small and rules.is_sorted(statement.pipeline, indexes):
        return "sorts in memory, where an index's order is assumed"
    if is_found and plan.examined > FEW * max(plan.returned, 1):
        return f"examines {plan.examined} documents to find {plan.returned}"
    return ""


def explain(client: "MongoClient[Any]", database: str, statement: Statement) -> Plan | str:
    """Return the server's plan, or why it gives none."""
    try:
        return read(client[database].command("explain", _command(statement), verbosity="executionStats"))
    except PyMongoError as error:
        return f"{type(error).__name__}: {error}".partition(", full error")[0]


def _command(statement: Statement) -> dict[str, Any]:
    condition = next((stage["$match"] for stage in statement.pipeline if "$match" in stage), {})
    match statement.verb:
        case "update":
            one = {"q": condition, "u": statement.update, "multi": statement.is_multi}
            return {"update": statement.collection, "updates": [one]}
        case "delete":
            return {
                "delete": statement.collection,
                "deletes": [{"q": condition, "limit": int(not statement.is_multi)}],
            }
        case _:
            return {"aggregate": statement.collection, "pipeline": statement.pipeline, "cursor": {}}

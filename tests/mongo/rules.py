"""What a real MongoDB server, a replica set or Atlas would do slowly, wrongly, or not at all after an election.

Each rule returns why a statement breaks it, or nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from config.mongo.patterns import END
from tests.mongo.askers import HURRIED, Asker
from tests.mongo.exceptions import FEW, SMALL
from tests.mongo.indexes import ID, Index
from tests.mongo.statements import Stage, Statement

IndexesOf = Callable[[str], list[Index]]
Rule = Callable[[Statement, IndexesOf, Asker], str]

# An index can find these: the others, such as $ne, read nearly all of it.
RANGES = {"$eq", "$gt", "$gte", "$lt", "$lte", "$in"}
COMPARISONS = RANGES - {"$in"}
# Each adds fields and takes no row away that a `$match` after it would want, so MongoDB moves that `$match` ahead.
PASSED_BY_MATCH = {"$lookup", "$unwind", "$set", "$addFields"}
# Not escaped: a character with a meaning in regular expressions and no backslash before it.
MEANING = re.compile(r"(?<!\\)(?:\\\\)*[.*+?()\[\]{}|]")


def filter_uses_an_index(statement: Statement, indexes_of: IndexesOf, asker: Asker) -> str:
    """Return a reason if MongoDB would read a whole collection to find the rows."""
    for collection, pipeline in (statement.collection, statement.pipeline), *_joined(statement.pipeline):
        conditions, indexes = list(own_conditions(pipeline)), indexes_of(collection)
        if collection in SMALL or is_indexed(conditions, {index.first for index in indexes}):
            continue
        if _is_a_page(pipeline, indexes) or (asker is Asker.ADMIN and _is_a_list(pipeline, indexes)):
            continue
        fields = ", ".join(sorted({name for condition in conditions for name in _tops(condition)})) or "nothing"
        return f"reads all of {collection}: no index begins with what it filters by ({fields})"
    return ""


def _joined(pipeline: Any) -> Iterator[tuple[str, list[Stage]]]:
    """Return each collection that is joined, at any depth, with what is asked of it."""
    for stage in pipeline:
        ((name, value),) = stage.items()
        if name == "$lookup":
            key = [{"$match": {value["foreignField"]: "?"}}] if "foreignField" in value else []
            yield value["from"], [*key, *value.get("pipeline", [])]
            yield from _joined(value.get("pipeline", []))
        elif name == "$unionWith":
            yield value["coll"], value["pipeline"]
            yield from _joined(value["pipeline"])
        elif name == "$facet":
            for part in value.values():
                yield from _joined(part)


def own_conditions(pipeline: Iterable[Stage]) -> Iterator[Mapping[str, Any]]:
    """Return what is asked of the collection's own fields before rows are grouped, cut or made into others."""
    added: set[str] = set()
    for stage in pipeline:
        ((name, value),) = stage.items()
        if name == "$match":
            yield from (one for one in _flat(value) if not added & set(_tops(one)))
        elif name in PASSED_BY_MATCH:
            added |= _added(name, value)
        else:
            return


def _flat(condition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name, value in condition.items():
        if name == "$and":
            for one in value:
                yield from _flat(one)
        else:
            yield {name: value}


def _tops(condition: Any) -> Iterator[str]:
    """Return the first part of each field that a condition names, in expressions too."""
    match condition:
        case dict():
            for name, value in condition.items():
                if not name.startswith("$"):
                    yield name.partition(".")[0]
                yield from _tops(value)
        case list():
            for one in condition:
                yield from _tops(one)
        case str() if condition.startswith("$") and not condition.startswith("$$"):
            yield condition[1:].partition(".")[0]


def _added(name: str, value: Any) -> set[str]:
    match name:
        case "$lookup":
            return {value["as"]}
        case "$unwind":
            return {(value if isinstance(value, str) else value["path"])[1:]}
        case _:
            return set(value)


def is_indexed(conditions: Iterable[Mapping[str, Any]], firsts: set[str]) -> bool:
    """Return whether an index that begins with one of `firsts` finds the rows for one of the conditions."""
    return any(_is_found(name, value, firsts) for one in conditions for name, value in one.items())


def _is_found(name: str, value: Any, firsts: set[str]) -> bool:
    match name:
        case "$or":
            return all(is_indexed(_flat(branch), firsts) for branch in value)
        case "$expr":
            return _compares_indexed(value, firsts)
        case _:
            return name in firsts and _is_range(value)


def _is_range(value: Any) -> bool:
    if isinstance(value, dict) and "$regex" in value:
        return str(value["$regex"]).startswith("^") and "i" not in value.get("$options", "")
    if isinstance(value, dict) and any(key.startswith("$") for key in value):
        return bool(RANGES & value.keys()) or value.get("$exists") is False
    return not isinstance(value, re.Pattern)


def _compares_indexed(expression: Any, firsts: set[str]) -> bool:
    """Return whether an `$expr` compares an indexed field with a constant: with these alone it can use the index."""
    ((operator, operands),) = expression.items() if isinstance(expression, dict) else [("", [])]
    if operator == "$and":
        return any(_compares_indexed(one, firsts) for one in operands)
    if operator not in COMPARISONS:
        return False
    fields = [one for one in operands if isinstance(one, str) and one.startswith("$") and not one.startswith("$$")]
    return len(fields) == 1 and fields[0][1:] in firsts


def _is_a_page(pipeline: list[Stage], indexes: list[Index]) -> bool:
    """Return whether the collection is read in an index's order, and no further than a limit."""
    names = [next(iter(stage)) for stage in pipeline]
    return names[:1] == ["$limit"] or ("$limit" in names and names[0] == "$sort" and is_sorted(pipeline, indexes))


def _is_a_list(pipeline: list[Stage], indexes: list[Index]) -> bool:
    """Return whether staff have filtered a list, by what they like, or see one of a single page: it has no limit."""
    names = [next(iter(stage)) for stage in pipeline]
    return "$match" in names or (names[:1] == ["$sort"] and is_sorted(pipeline, indexes))


def regex_is_escaped(statement: Statement, _indexes_of: IndexesOf, _asker: Asker) -> str:
    """Return a reason if a value is taken for a regular expression as it is."""
    for pattern in _patterns([statement.pipeline, statement.update]):
        if MEANING.search(pattern.removeprefix("^").removesuffix("$").removesuffix(END)):
            return f"the regular expression {pattern!r} is not escaped"
    return ""


def _patterns(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, part in value.items():
                yield from _pattern(part) if name in {"$regex", "regex"} else _patterns(part)
        case list():
            for part in value:
                yield from _patterns(part)
        case re.Pattern():
            yield value.pattern


def _pattern(value: Any) -> Iterator[str]:
    match value:
        case str() if not value.startswith("$"):
            yield value
        case re.Pattern():
            yield value.pattern
        case {"$literal": str(text)}:
            yield text
        case {"$concat": list(parts)}:
            for part in parts:
                yield from _pattern(part)


def set_is_literal(statement: Statement, _indexes_of: IndexesOf, _asker: Asker) -> str:
    """Return a reason if an update by a pipeline could take a value for an expression."""
    for stage in statement.update if isinstance(statement.update, list) else []:
        for operator in {"$set", "$addFields"} & stage.keys():
            for name, value in stage[operator].items():
                if not _is_expression(value):
                    return f"sets {name} to a value that is neither $literal nor an expression"
    return ""


def _is_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return len(value) == 1 and next(iter(value)).startswith("$")
    return isinstance(value, str) and value.startswith("$")


def keyed_write_is_retryable(statement: Statement, _indexes_of: IndexesOf, _asker: Asker) -> str:
    """Return a reason if the write of one row would fail in an election: no driver retries a write of many."""
    if statement.is_multi and any(_pins_id(one) for one in own_conditions(statement.pipeline)):
        return f"{statement.verb}s one row by its _id, as a write of many: the driver does not retry it"
    return ""


def _pins_id(condition: Mapping[str, Any]) -> bool:
    if ID not in condition:
        return False
    value = condition[ID]
    if isinstance(value, dict) and any(key.startswith("$") for key in value):
        return "$eq" in value or ("$in" in value and len(value["$in"]) == 1)
    return True


def hurry_finds_before_it_joins(statement: Statement, indexes_of: IndexesOf, asker: Asker) -> str:
    """Return a reason if rows are joined of which most are then dropped: each costs a look-up.

    A join of the few rows that a `$match` has found, or of a page, is what a second query would be.
    """
    names = [next(iter(stage)) for stage in statement.pipeline]
    if asker not in HURRIED or "$lookup" not in names or statement.collection in SMALL:
        return ""
    found = statement.pipeline[: names.index("$lookup")]
    if "$limit" in names[: len(found)] or finds_few(found, indexes_of(statement.collection)):
        return ""
    joined = [stage["$lookup"]["from"] for stage in statement.pipeline if "$lookup" in stage]
    return f"joins {', '.join(joined)} before it has found its rows"


def hurry_sorts_by_an_index(statement: Statement, indexes_of: IndexesOf, asker: Asker) -> str:
    indexes = indexes_of(statement.collection)
    is_small = statement.collection in SMALL or finds_few(statement.pipeline, indexes)
    if asker not in HURRIED or is_small or is_sorted(statement.pipeline, indexes):
        return ""
    order = next(stage["$sort"] for stage in statement.pipeline if "$sort" in stage)
    return f"sorts without an index (by {', '.join(order)})"


def finds_few(pipeline: list[Stage], indexes: list[Index]) -> bool:
    """Return whether an index finds the rows by a value that few of them have."""
    few = {index.first for index in indexes} & {ID, *FEW}
    return is_indexed((one for one in own_conditions(pipeline) if _names_values(one)), few)


def _names_values(condition: Mapping[str, Any]) -> bool:
    ((name, value),) = condition.items()
    if name == "$or":
        return all(_names_values(one) for branch in value for one in _flat(branch))
    return not isinstance(value, dict) or bool({"$eq", "$in"} & value.keys())


def is_sorted(pipeline: list[Stage], indexes: list[Index]) -> bool:
    """Return whether an index gives the order, or none is asked for."""
    names = [next(iter(stage)) for stage in pipeline]
    if "$sort" not in names:
        return True
    at = names.index("$sort")
    if "$group" in names[:at]:
        return True  # There are few groups; how their rows are found is asked elsewhere.
    if set(names[:at]) - {"$match"}:
        return False
    equal = {
        name
        for condition in own_conditions(pipeline[:at])
        for name, value in condition.items()
        if not name.startswith("$") and (not isinstance(value, dict) or "$eq" in value)
    }
    if ID in equal:
        return True
    order = tuple(pipeline[at]["$sort"].items())
    return any(_gives(index, order, equal) for index in indexes)


def _gives(index: Index, order: tuple[tuple[str, int], ...], equal: set[str]) -> bool:
    """Return whether an index read forwards or backwards has this order, after the fields that are the same in all."""
    keys = list(index.keys)
    while keys and keys[0][0] in equal:
        keys.pop(0)
    asked = [(name, way) for name, way in order if name not in equal]
    same, other = keys[: len(asked)], [(name, -way) for name, way in keys[: len(asked)]]
    return asked in (same, other)


# A test's own query is nobody's wait, and a migration reads what it changes.
OF_PRODUCT: tuple[Rule, ...] = (filter_uses_an_index, hurry_finds_before_it_joins, hurry_sorts_by_an_index)
OF_EVERYTHING: tuple[Rule, ...] = (regex_is_escaped, set_is_literal, keyed_write_is_retryable)


def broken(statement: Statement, indexes_of: IndexesOf, asker: Asker) -> list[tuple[str, str]]:
    """Return each broken rule by its name, with the reason."""
    if asker is Asker.TEST:
        return []
    rules = OF_EVERYTHING if asker is Asker.MIGRATION else OF_EVERYTHING + OF_PRODUCT
    found = ((rule.__name__, rule(statement, indexes_of, asker)) for rule in rules)
    return [(name, reason) for name, reason in found if reason]

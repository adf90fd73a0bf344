"""Read a query: `name~"ada" AND created>1700000000 -metadata["plan"]:"pro"`.

Clauses are joined by AND, or a space, or all by OR; `-` before a clause negates it. A quoted value can have escaped
quotes; `null` stands for no value.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Object
from sandbox.http.searching.fields import FIELDS, Field

MAX_CLAUSES = 10
SHORTEST_PART = 3
QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
CLAUSE = re.compile(
    rf"(?P<minus>-?)(?P<field>[a-z_]+(?:\.[a-z0-9_]+)*|metadata\[(?P<key>{QUOTED})\])"
    rf"(?P<operator>>=|<=|[:~<>=])(?P<value>{QUOTED}|[^\s\"']+)"
)
JOINT = re.compile(r"\s+(?:(AND|OR)\s+)?", re.IGNORECASE)
ESCAPED = re.compile(r"\\(.)")
NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,6})?")
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ":": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
Test = Callable[[Object], bool]


@dataclass(frozen=True)
class Clause:
    """One condition: a field, an operator and a value, None for `null`."""

    field: Field
    operator: str
    value: str | None
    is_negated: bool

    def matches(self, obj: Object) -> bool:
        return self._holds(self.field.value(obj)) != self.is_negated

    def _holds(self, present: str | int | None) -> bool:
        if self.value is None or present is None:
            return self.value is None and present is None
        if self.field.type == "number":
            return COMPARISONS[self.operator](float(present), float(self.value))
        known, wanted = str(present).lower(), self.value.lower()
        return wanted in known if self.operator == "~" else wanted == known


def parse(kind: str, text: str) -> Test:
    """Return the test for an object of this kind. Raises ApiError for a query that Stripe would not take."""
    clauses, joints, position = [], set(), 0
    text = text.strip()
    while True:
        found = CLAUSE.match(text, position)
        if found is None:
            raise _unreadable()
        clauses.append(_clause(kind, found))
        if found.end() == len(text):
            break
        joint = JOINT.match(text, found.end())
        if joint is None:
            raise _unreadable()
        joints.add((joint[1] or "AND").upper())
        position = joint.end()
    if len(clauses) > MAX_CLAUSES:
        raise ApiError.invalid(f"A search query can have at most {MAX_CLAUSES} clauses.", param="query")
    if len(joints) > 1:
        raise ApiError.invalid("You can't combine AND and OR in the same search query.", param="query")
    every = any if "OR" in joints else all
    return lambda obj: every(clause.matches(obj) for clause in clauses)


def _clause(kind: str, found: "re.Match[str]") -> Clause:
    name, how, written = found["field"], found["operator"], found["value"]
    field = Field("token", ("metadata", _unquoted(found["key"]))) if found["key"] else FIELDS[kind].get(name)
    if field is None:
        raise _unsupported_field(kind, name)
    value = None if written.lower() == "null" else _unquoted(written)
    _check(field, name, how, value, is_quoted=written[0] in "\"'")
    return Clause(field, how, value, is_negated=bool(found["minus"]))


def _check(field: Field, name: str, how: str, value: str | None, *, is_quoted: bool) -> None:
    """Raise ApiError for an operator or a value that the field's type does not take."""
    if value is None:
        is_fit = how == ":"
    elif field.type == "number":
        is_fit = how in COMPARISONS and NUMBER.fullmatch(value) is not None
    else:
        is_fit = is_quoted and (how == ":" or (how == "~" and field.type == "text"))
    if not is_fit:
        raise ApiError.invalid(
            f"Your search query has the operator `{how}` or a value that the field `{name}` does not support. "
            "See https://stripe.com/docs/search#search-query-language for the operators of each field.",
            param="query",
        )
    if how == "~" and value is not None and len(value) < SHORTEST_PART:
        raise ApiError.invalid(
            f"The value of a substring match must have at least {SHORTEST_PART} characters: {value}", param="query"
        )


def _unquoted(written: str) -> str:
    return ESCAPED.sub(r"\1", written[1:-1]) if written[0] in "\"'" else written


def _unreadable() -> ApiError:
    return ApiError.invalid(
        'We were unable to parse your search query. Try using the format `metadata["key"]:"value"` to query for '
        'metadata or key:"value" to query for other fields.',
        param="query",
    )


def _unsupported_field(kind: str, name: str) -> ApiError:
    noun = str(KINDS[kind].list_url).rpartition("/")[2]
    return ApiError.invalid(
        f"Field `{name}` is an unsupported search field for resource `{noun}`. See "
        f"http://stripe.com/docs/search#query-fields-for-{noun.replace('_', '-')} for a list of supported fields.",
        param="query",
    )

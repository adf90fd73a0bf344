"""Probe the parameters of every call: which of those that the SDK declares are refused by name, read, or never read.

`ProbingClient` repeats each call of the SDK, in dry runs, with one more of the parameters that its operation declares,
and notes what becomes of that parameter. `samples` gives real ids by the names of parameters that take one.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from sandbox.api import Api
from sandbox.app import Sandbox
from sandbox.core.dry_run import dry_run
from sandbox.core.errors import ApiError
from sandbox.http import contract, expansion
from sandbox.http.call import Call
from sandbox.http.contract import parameters
from sandbox.http.contract.parameters import Parameter
from sandbox.http.forms import Form
from sandbox.transport import InProcessClient

TEXTS = ("x", "US", "2", "https://shop.example")
BOOLEANS = ("true", "false")
NUMBERS = ("1", "1802000000")
AN_ID = re.compile(r"\b([a-z]+(?:_secret)?_)[A-Za-z0-9]{8,}")
DEEPEST = 6
CRASH = "crash"


@dataclass
class Outcome:
    """How a call ended: with an error, or with an answer and events, whose ids are left out."""

    code: str = ""
    param: str = ""
    text: str = ""


@dataclass
class Findings:
    """What became of the parameters, by operation: the names are in bracket notation, with `[]` for an index."""

    refused: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    read: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unread: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    crashes: list[str] = field(default_factory=list)

    def knows(self, called: str, path: str) -> bool:
        return path in self.read[called] or any(_is_within(path, each) for each in self.refused[called])

    def note(self, called: str, path: str, plain: Outcome, outcome: Outcome, seen: set[str]) -> None:
        named = re.sub(r"\[\d+\]", "[]", outcome.param)
        if outcome.code == CRASH:
            self.crashes.append(f"{called} with {path}: {outcome.text}")
        if outcome.code == "sandbox_unsupported" and _is_within(path, named):
            self.refused[called].add(named)
        elif path in seen or named == path or (not outcome.code and outcome.text != plain.text):
            self.read[called].add(path)
        elif not outcome.code:
            self.unread[called].add(path)

    def never_read(self) -> dict[str, set[str]]:
        """Return the parameters that were accepted and never read."""
        known = {called: {path for path in paths if self.knows(called, path)} for called, paths in self.unread.items()}
        return {called: paths - known[called] for called, paths in self.unread.items() if paths - known[called]}


def _is_within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}[")


class ProbingClient(InProcessClient):
    """Probes the parameters of each call before it makes the call."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.api = Api(sandbox)
        self.findings = Findings()
        self.samples: dict[str, str] = {}

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **usage: Any) -> Any:
        self._probe(method.upper(), "/" + url.partition("://")[2].partition("/")[2], headers, post_data)
        return super().request(method, url, headers, post_data, **usage)

    def _probe(self, method: str, target: str, headers: Any, post_data: Any) -> None:
        builder = EnvironBuilder(path=target, method=method, headers=list((headers or {}).items()), data=post_data)
        call = Call.arrived(Request(builder.get_environ()))
        operation = contract.operation(method, call.path)
        assert operation is not None
        called = f"{method} {operation.template}"
        with self.sandbox.naming(call.names), self.sandbox.transaction():
            plain = self._outcome(call, operation, call.form, set())
            for excludes in (False, True):
                extended = list(self._extended(operation.params, call.form, excludes=excludes))
                known = {path for path, _form in extended if self.findings.knows(called, path)}
                for path, form in extended:
                    if path not in known and form != call.form:
                        seen: set[str] = set()
                        outcome = self._outcome(call, operation, form, seen)
                        self.findings.note(called, path, plain, outcome, seen)

    def _outcome(self, call: Call, operation: contract.Operation, form: Form, seen: set[str]) -> Outcome:
        """Make the call in a dry run; `seen` gets the names of the parameters that it reads one by one."""
        run, found = self.api._function(call), Outcome("not_finished")
        with dry_run(self.sandbox.account) as rehearsal:
            try:
                given = noting(contract.coerce(operation, form), "", seen)
                expand = given.pop("expand", [])
                answer = expansion.expand(self.sandbox.account, run(given), expand)
                events = sorted(AN_ID.sub(r"\1", repr(state)) for state in rehearsal._states.items())
                found = Outcome(text="\n".join([AN_ID.sub(r"\1", json.dumps(answer)), *events]))
            except ApiError as error:
                found = Outcome(error.code or "invalid", error.param or "", error.message)
            except Exception as bug:  # noqa: BLE001 - Any is a 500, and a fault of the sandbox.
                found = Outcome(CRASH, text=repr(bug))
        return found

    def _extended(
        self, members: type, form: Form, path: str = "", depth: int = 0, *, excludes: bool = False
    ) -> Iterator[tuple[str, Form]]:
        """Yield (name, form with it) for each declared parameter, with several values for each.

        With `excludes` each form comes without each one of its other parameters, because some exclude one another.
        """
        declared = parameters.fields(members)
        for name in (each for each in declared if each != "expand"):
            inner = f"{path}[{name}]" if path else name
            values = self._values(declared[name], name, inner, form.get(name), depth, excludes=excludes)
            for value_path, value in values:
                yield value_path, {**form, name: value}
                for other in sorted(form.keys() - {name, *parameters.required(members)}) if excludes else ():
                    yield value_path, {**{key: form[key] for key in form if key != other}, name: value}

    def _values(
        self, kind: Parameter, name: str, path: str, present: Any, depth: int, *, excludes: bool = False
    ) -> Iterator[tuple[str, str | Form]]:
        """Yield (name, value) for values of the parameter, and for the parameters within it."""
        for value in self._flat(kind, name):
            yield path, value
        if depth == DEEPEST:
            return
        if kind.members:
            base = present if isinstance(present, dict) else self._least(kind.members)
            if base:
                yield path, base
            yield from self._extended(kind.members, base, path, depth + 1, excludes=excludes)
        elif kind.item:
            first = present.get("0") if isinstance(present, dict) else None
            others = present if isinstance(present, dict) else {}
            for inner, value in self._values(kind.item, name, f"{path}[]", first, depth, excludes=excludes):
                yield path if inner == f"{path}[]" else inner, {**others, "0": value}

    def _flat(self, kind: Parameter, name: str) -> list[str | Form]:
        made: list[str | Form] = list(kind.choices)
        if kind.scalars:
            made += BOOLEANS if bool in kind.scalars else NUMBERS
        if kind.is_text and not kind.choices:
            made += [self.samples[name]] if name in self.samples else TEXTS
        if kind.entry:
            made += [{"eur": value} for value in self._flat(kind.entry, "")[:1]]
            made += [{"eur": self._least(kind.entry.members)}] if kind.entry.members else []
        return made

    def _least(self, members: type) -> Form:
        """Return the required parameters alone."""
        declared = parameters.fields(members)
        least = {}
        for name in parameters.required(members):
            values = [value for path, value in self._values(declared[name], name, name, None, 0) if path == name]
            least.update({name: values[0]} if values else {})
        return least


class Read(dict[str, Any]):
    """Parameters that note which of them is read; a copy of all of them reads none."""

    def __init__(self, values: dict[str, Any], path: str, seen: set[str]) -> None:
        self.path, self.seen = path, seen
        super().__init__({name: noting(value, self._inner(name), seen) for name, value in values.items()})

    def _inner(self, name: object) -> str:
        return f"{self.path}[{name}]" if self.path else str(name)

    def __getitem__(self, name: str) -> Any:
        self.seen.add(self._inner(name))
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.seen.add(self._inner(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(self._inner(name))
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self.seen.add(self._inner(name))
        return super().pop(name, *default)


def noting(value: Any, path: str, seen: set[str]) -> Any:
    """Return the value with its dicts replaced by ones that note in `seen` what is read of them."""
    if isinstance(value, dict):
        return Read(value, path, seen)
    if isinstance(value, list):
        return [noting(each, f"{path}[]", seen) for each in value]
    return value

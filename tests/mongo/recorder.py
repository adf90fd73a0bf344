"""Records the statements that are sent, and judges each kind once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo import MongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from tests.mongo import exceptions, plans, rules
from tests.mongo.askers import Asker, asker
from tests.mongo.indexes import Indexes
from tests.mongo.statements import Statement, statements


@dataclass(frozen=True)
class Fault:
    """A statement that MongoDB would not take well."""

    rule: str
    reason: str
    asker: Asker
    shape: str

    def __str__(self) -> str:
        return f"{self.asker} sends MongoDB a statement that {self.reason} [{self.rule}]:\n    {self.shape}"


@dataclass
class Recorder(CommandListener):
    """Each kind of statement with an example and its askers, and the faults of the test that runs."""

    indexes: Indexes = field(default_factory=Indexes)
    seen: dict[str, tuple[str, Statement, set[Asker]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    # A connection to a server that is to explain each new kind, and how its plans differ from what is assumed.
    client: "MongoClient[Any] | None" = None
    surprises: list[str] = field(default_factory=list)
    _watched: list[list[tuple[Asker, Statement]]] = field(default_factory=list)

    def record(self, database: str, name: str, command: Mapping[str, Any]) -> None:
        self.indexes.follow(database, name, command)
        for statement in statements(name, command):
            who, shape = asker(), statement.shape()
            for watched in self._watched:
                watched.append((who, statement))
            if shape not in self.seen:
                self._explain(database, statement, shape)
            self.seen.setdefault(shape, (database, statement, set()))[2].add(who)
            for rule, reason in rules.broken(statement, lambda table: self.indexes.of(database, table), who):
                if not exceptions.is_exempt(rule, who, shape):
                    self.faults.append(Fault(rule, reason, who, shape))

    def _explain(self, database: str, statement: Statement, shape: str) -> None:
        if self.client:
            plan = plans.explain(self.client, database, statement)
            indexes = self.indexes.of(database, statement.collection)
            if told := plan if isinstance(plan, str) else plans.surprise(statement, indexes, plan):
                self.surprises.append(f"{told}:\n    {shape}")

    def started(self, event: CommandStartedEvent) -> None:
        self.record(event.database_name, event.command_name, event.command)

    def succeeded(self, _event: CommandSucceededEvent) -> None:
        pass

    def failed(self, _event: CommandFailedEvent) -> None:
        pass

    @contextmanager
    def watched(self) -> Iterator[list[tuple[Asker, Statement]]]:
        """Give each statement that is sent meanwhile, with its asker."""
        sent: list[tuple[Asker, Statement]] = []
        self._watched.append(sent)
        yield sent
        self._watched.remove(sent)

    def taken(self) -> list[Fault]:
        """Return the faults since the last call, each once."""
        found, self.faults = list(dict.fromkeys(self.faults)), []
        return found


recorder = Recorder()

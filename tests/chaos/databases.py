"""The database under the run: where it is, how it begins anew, and its rows as they are stored, read past the ORM."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pymongo
from psycopg.rows import dict_row

Row = dict[str, Any]


class Database(Protocol):
    """What the run needs of an engine."""

    url: str

    @property
    def name(self) -> str:
        """The database's name, as Django wants it."""

    def begin(self, empty: Callable[[], None]) -> None:
        """Forget all rows; `empty` has the product do it."""

    def rows(self, table: str) -> list[Row]: ...

    def has_changed(self) -> bool:
        """Whether anything may have been written since the last time this was asked."""


class SQLite:
    """A file, copied from one that was migrated once."""

    def __init__(self, folder: Path) -> None:
        self.template, self._path, self._number = folder / "template.sqlite3", folder / "none", 0
        self.url = f"sqlite:///{self.template}"
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        self._version = -1

    @property
    def name(self) -> str:
        return str(self.template if self._connection is None else self._path)

    def begin(self, empty: Callable[[], None]) -> None:
        if self._connection is not None:
            self._connection.close()
            for leftover in self._folder.glob(f"{self._path.name}*"):
                leftover.unlink()
        else:
            with closing(sqlite3.connect(self.template)) as template:
                template.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._number += 1
        self._path = self._folder / f"run-{self._number}.sqlite3"
        shutil.copyfile(self.template, self._path)
        self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=20)
        self._connection.row_factory = sqlite3.Row
        self._version = -1

    def rows(self, table: str) -> list[Row]:
        assert self._connection is not None
        return [dict(row) for row in self._connection.execute(f"SELECT * FROM {table}")]  # noqa: S608

    def has_changed(self) -> bool:
        assert self._connection is not None
        before, (self._version,) = self._version, self._connection.execute("PRAGMA data_version").fetchone()
        return bool(before != self._version)


class PostgreSQL:
    """A database of its own on the server that the suite uses."""

    def __init__(self, server_url: str) -> None:
        self._server = server_url.rpartition("/")[0]
        self.name = f"chaos_{os.getpid()}"
        self.url = f"{self._server}/{self.name}"
        self._on_server(f"CREATE DATABASE {self.name}")
        self._connection = psycopg.connect(self.url, autocommit=True, row_factory=dict_row)

    def begin(self, empty: Callable[[], None]) -> None:
        empty()

    def rows(self, table: str) -> list[Row]:
        return self._connection.execute(f"SELECT * FROM {table}").fetchall()  # type: ignore[arg-type]  # noqa: S608

    def has_changed(self) -> bool:
        return True

    def drop(self) -> None:
        self._connection.close()
        self._on_server(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as server:
            server.execute(statement)  # type: ignore[arg-type]


class MongoDB:
    """A database of its own on a server in a process of its own."""

    def __init__(self, server_url: str) -> None:
        self.name = f"chaos_{os.getpid()}"
        self.url = f"{server_url.rstrip('/')}/{self.name}"
        self._client: pymongo.MongoClient[Row] = pymongo.MongoClient(server_url)

    def begin(self, empty: Callable[[], None]) -> None:
        empty()

    def rows(self, table: str) -> list[Row]:
        return list(self._client[self.name][table].find())

    def has_changed(self) -> bool:
        return True

    def drop(self) -> None:
        self._client.drop_database(self.name)
        self._client.close()


@contextmanager
def prepared(engine: str, folder: Path, *, postgres_url: str, mongodb_url: str) -> Iterator[Database]:
    """Have an engine running, with a database for this run."""
    if engine == "sqlite":
        yield SQLite(folder)
    elif engine == "postgresql":
        with closing_by_dropping(PostgreSQL(postgres_url)) as database:
            yield database
    elif mongodb_url:
        with closing_by_dropping(MongoDB(mongodb_url)) as database:
            yield database
    else:
        with _standin() as url, closing_by_dropping(MongoDB(url)) as database:
            yield database


@contextmanager
def closing_by_dropping(database: Any) -> Iterator[Any]:
    try:
        yield database
    finally:
        database.drop()


@contextmanager
def _standin() -> Iterator[str]:
    """The suite's stand-in for MongoDB, in a process of its own: workers die without it."""
    code = (
        "import sys; from secantus import SecantusDBServer; import tests.mongo_standin\n"
        "server = SecantusDBServer(storage_path=':memory:'); server.start()\n"
        "print(server.uri, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url, "the stand-in did not start"
        try:
            yield url
        finally:
            server.kill()

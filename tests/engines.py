"""The database engine that TEST_ENGINE chooses for the suite: sqlite (the default), mongodb or postgresql.

Each process of the suite has a database of its own: a file, or a name on the server at TEST_POSTGRES_URL or
TEST_MONGODB_URL. Without the latter, MongoDB is mongomock in the process; with TEST_MONGODB=server, SecantusDB in it.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.apps import apps
from django.db import connection, transaction
from pymongo import monitoring
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

ENGINES = ("sqlite", "mongodb", "postgresql")
ENGINE = os.environ.get("TEST_ENGINE") or "sqlite"
POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL") or "postgres://postgres@127.0.0.1:5432/test"
MONGODB_URL = os.environ.get("TEST_MONGODB_URL", "")
MONGODB = os.environ.get("TEST_MONGODB") or "mongomock"
IS_MONGOMOCK = ENGINE == "mongodb" and not MONGODB_URL and MONGODB == "mongomock"

# What `migrate` fills in. It is the same after every test, and slow to make.
KEPT = {"django_content_type", "auth_permission", "django_migrations"}


class Written(CommandListener):
    """Which collections of a MongoDB server were written to: to empty the others too takes longer than most tests."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in {"insert", "update", "findAndModify"}:
            self.tables.add(event.command[event.command_name])

    def succeeded(self, _event: CommandSucceededEvent) -> None:
        pass

    def failed(self, _event: CommandFailedEvent) -> None:
        pass


written = Written()
monitoring.register(written)


def database_url() -> str:
    """Return the DATABASE_URL to load the settings with; `started` completes it when a test needs the database."""
    if ENGINE not in ENGINES:
        raise ValueError(f"TEST_ENGINE must be one of {', '.join(ENGINES)}")
    if MONGODB not in {"mongomock", "server"}:
        raise ValueError("TEST_MONGODB must be mongomock or server")
    return {
        "sqlite": "sqlite:///unused.sqlite3",
        "mongodb": MONGODB_URL or "mongodb://127.0.0.1/standing_order",
        "postgresql": POSTGRES_URL,
    }[ENGINE]


def name() -> str:
    """Return what the suite runs on, for the first lines that pytest prints."""
    if ENGINE != "mongodb":
        return ENGINE
    if MONGODB_URL:
        return "mongodb, at TEST_MONGODB_URL"
    return f"mongodb, on {'mongomock' if IS_MONGOMOCK else 'SecantusDB'}"


def why_unavailable() -> str:
    """Return why tests of the database can't run here, or nothing if they can."""
    if ENGINE != "postgresql":
        return ""
    try:
        server = POSTGRES_URL.rpartition("/")[0]
        psycopg.connect(f"{server}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return "PostgreSQL does not answer: start it, or name another in TEST_POSTGRES_URL"
    return ""


@contextmanager
def started() -> Iterator[None]:
    """Have the engine running, and the settings point at it."""
    if ENGINE == "sqlite":
        with _sqlite_file() as path:
            # A file and not Django's default, memory: threads then wait for each other's locks as in production.
            connection.settings_dict["TEST"]["NAME"] = str(path)
            yield
    elif IS_MONGOMOCK:
        from tests import mongomock_adapter  # noqa: PLC0415  (mends mongomock)

        mongomock_adapter.install()
        yield
    elif ENGINE == "mongodb" and not MONGODB_URL:
        with _secantus() as url:
            connection.settings_dict["HOST"] = url
            yield
    else:
        if ENGINE == "postgresql":
            # Never a name that a killed run, or another one of now, still holds; and nobody is connected to template0.
            connection.settings_dict["TEST"] |= {"NAME": f"test_{secrets.token_hex(6)}", "TEMPLATE": "template0"}
        yield


@contextmanager
def _sqlite_file() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="standing-order-"))
    yield folder / "test.sqlite3"
    shutil.rmtree(folder)


@contextmanager
def _secantus() -> Iterator[str]:
    from secantus import SecantusDBServer  # noqa: PLC0415  (a third of a second that the other engines save)

    from tests import mongo_standin  # noqa: F401, PLC0415  (mends the server)

    server = SecantusDBServer(storage_path=":memory:")
    server.start()
    yield server.uri
    server.stop()


def empty_tables() -> None:
    """Delete every row that tests make: what Django's own flush does, without making all permissions again."""
    tables = [name for name in connection.introspection.django_table_names(only_existing=False) if name not in KEPT]
    if ENGINE == "mongodb":
        # mongomock sends no commands that could be listened to, and empties a collection in no time.
        for table in tables if IS_MONGOMOCK else sorted(written.tables.intersection(tables)):
            connection.get_collection(table).delete_many({})
        written.tables.clear()
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608
    apps.clear_cache()

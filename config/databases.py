"""Turns DATABASE_URL into an entry of Django's DATABASES, for SQLite, PostgreSQL and MongoDB.

Messages name the setting and never repeat the URL, which contains the password.
"""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config.mongo import address

MEMORY = ":memory:"
FLAGS = {"ATOMIC_REQUESTS", "AUTOCOMMIT", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS"}

SQLITE_OPTIONS = {
    "timeout": 20,
    # With the default, DEFERRED, a process that reads and then writes gets "database is locked" without waiting.
    "transaction_mode": "IMMEDIATE",
    # Overwrites what is deleted, such as an erased person's late events: not every build of SQLite does by default.
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA secure_delete=ON;",
}


def parse(url: str, *, folder: Path) -> dict[str, Any]:
    """Return the DATABASES entry for `url`; a relative SQLite path is relative to `folder`.

    Raises ImproperlyConfigured if the engine is not supported or the URL is malformed.
    """
    match url.partition("://")[0]:
        case "sqlite":
            return _sqlite(url, folder=folder)
        case "postgres" | "postgresql":
            return _postgresql(url)
        case "mongodb" | "mongodb+srv":
            return _mongodb(url)
        case _:
            raise _refusal("must begin with sqlite:///, postgres://, mongodb:// or mongodb+srv://")


def _sqlite(url: str, *, folder: Path) -> dict[str, Any]:
    parts = urlsplit(url)
    in_memory = parts.netloc == MEMORY
    # environ reads sqlite://db.sqlite3 and sqlite:/// as a database in memory, which would lose every write.
    if not in_memory and (parts.netloc or parts.path in {"", "/"}):
        raise _refusal("must name a file after three slashes, as in sqlite:///db.sqlite3")
    entry = _read(url)
    name = MEMORY if in_memory else str(folder / entry["NAME"])
    options = SQLITE_OPTIONS | entry.get("OPTIONS", {})
    # Opening and closing the file for each request costs a webhook a fifth of its time: the last close checkpoints.
    max_age = entry.get("CONN_MAX_AGE", 60)
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "CONN_MAX_AGE": max_age, "OPTIONS": options}


def _postgresql(url: str) -> dict[str, Any]:
    entry = _read(url)
    if not entry["NAME"]:
        raise _refusal("must name the database, as in postgres://user:password@host/name")
    options = {"connect_timeout": 5} | entry.get("OPTIONS", {})
    # Django refuses persistent connections together with a pool.
    max_age = 0 if options.get("pool") else 60
    return {"CONN_MAX_AGE": max_age, "CONN_HEALTH_CHECKS": True} | entry | {"OPTIONS": options}


def _mongodb(url: str) -> dict[str, Any]:
    try:
        return address.parse(url)
    except address.UnusableAddress as error:
        raise _refusal(str(error)) from None


def _read(url: str) -> dict[str, Any]:
    try:
        entry = dict(environ.Env.db_url_config(url))
    except ValueError:
        raise _refusal("has a malformed host or port") from None
    entry["HOST"] = unquote(entry.get("HOST", ""))
    flags = {name: _boolean(entry[name]) for name in FLAGS & entry.keys()}
    return entry | flags | {"OPTIONS": {name: _boolean(value) for name, value in entry.get("OPTIONS", {}).items()}}


def _boolean(value: Any) -> Any:
    """environ leaves `?pool=true` and `?conn_health_checks=false` as strings, both of them truthy."""
    words = {"true": True, "false": False}
    return words.get(value.lower(), value) if isinstance(value, str) else value


def _refusal(reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DATABASE_URL {reason}")

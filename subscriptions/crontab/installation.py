"""What tells this installation from others: its folder, its secret key and its database."""

import hashlib
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

MARK_LENGTH = 10
RELEASES = "releases"


@dataclass(frozen=True)
class Installation:
    """A folder with the project; `folder` may lead through a link that names the current release."""

    folder: Path
    python: Path

    @cached_property
    def key(self) -> str:
        """The same wherever the project is moved, and in each of its releases. Says nothing about the secret key."""
        return salted_hmac("subscriptions.crontab", "installation", algorithm="sha256").hexdigest()[:MARK_LENGTH]

    @cached_property
    def database(self) -> str:
        return hashlib.sha256(describe_database().encode()).hexdigest()[:MARK_LENGTH]


def this_installation() -> Installation:
    """Return this installation, with its folder as the caller reached it: `current` rather than `releases/7`."""
    real = Path(settings.BASE_DIR)
    folder = _as_called(real)
    python = Path(sys.executable)
    if python.is_relative_to(real):
        python = folder / python.relative_to(real)
    return Installation(folder, python)


def site_of(folder: Path) -> Path:
    """Return the folder that all releases of a project have in common, or the project's own folder."""
    real = Path(os.path.realpath(folder))
    return real.parent.parent if real.parent.name == RELEASES else real


def describe_database() -> str:
    """Return in words which database the settings name, without user and password."""
    entry: dict[str, Any] = settings.DATABASES["default"]
    name = str(entry["NAME"])
    match entry["ENGINE"].rpartition(".")[2]:
        case "sqlite3":
            return f"SQLite {os.path.realpath(name)}"
        case "postgresql":
            host = entry.get("HOST") or os.environ.get("PGHOST") or "this machine"
            port = entry.get("PORT") or os.environ.get("PGPORT") or 5432
            return f"PostgreSQL {host}:{port}/{name}"
        case _:
            hosts = str(entry.get("HOST", "")).partition("://")[2].partition("/")[0].rpartition("@")[2]
            return f"MongoDB {hosts}/{name}"


def _as_called(real: Path) -> Path:
    """Return the folder by the name that led to manage.py, if that is not its real one."""
    here = Path(os.environ.get("PWD", ""))
    try:
        if not (here.is_absolute() and here.samefile(Path.cwd())):
            here = Path.cwd()
        called = (here / sys.argv[0]).parent
        if ".." not in called.parts and called.samefile(real):
            return called
    except OSError:  # Either folder is gone.
        pass
    return real

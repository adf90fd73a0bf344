"""The demo's own settings, in `.env.demo`: the demo reads neither `.env` nor settings of the shell.

This runs before Django's settings load, so it imports nothing that needs them.
"""

import fcntl
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import env

FILE = ".env.demo"
STATE_FILE = "demo.sandbox"
HOST = "127.0.0.1"

HEADER = """\
# The demo's settings, written by `make demo`. ENV_FILE=.env.demo before another command runs it on the demo's data.
# Each start of the demo overwrites the ports and keeps the other lines.
"""


def prepare(*, folder: Path) -> None:
    """Make this process, and the programs that it starts, use the demo's settings alone.

    Only PORT and SANDBOX_PORT are taken from the shell. Raises ImproperlyConfigured if they are invalid or equal, or
    if another demo runs in this folder.
    """
    port, sandbox_port = env.port("PORT", 8000), env.port("SANDBOX_PORT", 8420)
    if port == sandbox_port:
        raise ImproperlyConfigured("PORT and SANDBOX_PORT must differ")
    _lock(folder / FILE)
    env.forget()
    _write(folder / FILE, ports=_ports(port, sandbox_port))
    os.environ["ENV_FILE"] = FILE
    os.environ["SANDBOX_PORT"] = str(sandbox_port)
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    # The sandbox is on this machine: calls to it must not go through a proxy that the shell sets.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = HOST


def _lock(file: Path) -> None:
    """Create the file if it is missing, and lock it until this process ends: a second demo must not use it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ImproperlyConfigured("The demo runs already, started from this folder: Ctrl-C there stops it") from error


def _ports(port: int, sandbox_port: int) -> dict[str, str]:
    return {
        "PORT": str(port),
        "SITE_URL": f"http://{HOST}:{port}",
        "STRIPE_API_BASE": f"http://{HOST}:{sandbox_port}",
    }


def _defaults() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": "sqlite:///demo.sqlite3",
        "STRIPE_KEY": "sk_test_demo",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        "SYNC_INTERVAL_SECONDS": "30",
    }


def _write(file: Path, *, ports: dict[str, str]) -> None:
    """Write the ports and any missing setting into the file; keep every other line."""
    old = (file.read_text() or HEADER).splitlines()
    kept = [line for line in old if line.partition("=")[0] not in ports]
    named = {line.partition("=")[0] for line in kept}
    missing = {name: value for name, value in _defaults().items() if name not in named}
    lines = kept + [f"{name}={value}" for name, value in (missing | ports).items()]
    file.write_text("\n".join(lines) + "\n")

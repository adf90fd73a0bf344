"""The demo's own settings, in `.env.demo`: it neither reads `.env` nor takes a setting from the shell.

This runs before Django's settings load, so nothing of Django that needs them is imported here.
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
# The demo's settings, made by `make demo`; ENV_FILE=.env.demo makes any command use them.
# The demo writes the ports anew at each start, and keeps the rest.
"""


def prepare(*, folder: Path) -> None:
    """Have the rest of this process, and what it starts, run on the demo's settings alone.

    PORT and SANDBOX_PORT are the two that the shell may set. Raises ImproperlyConfigured for ports that can't be,
    and while another demo runs on the same settings and data.
    """
    port, sandbox_port = env.port("PORT", 8000), env.port("SANDBOX_PORT", 8420)
    if port == sandbox_port:
        raise ImproperlyConfigured("PORT and SANDBOX_PORT must differ")
    _claim(folder / FILE)
    env.forget()
    _write(folder / FILE, ports=_ports(port, sandbox_port))
    os.environ["ENV_FILE"] = FILE
    os.environ["SANDBOX_PORT"] = str(sandbox_port)
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    # The sandbox is on this machine: a proxy of the shell's must not get in between.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = HOST


def _claim(file: Path) -> None:
    """Keep a second demo off the file, made if it is missing, for as long as this process lives."""
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


def _fresh() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": "sqlite:///demo.sqlite3",
        "STRIPE_KEY": "sk_test_demo",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
        "SYNC_INTERVAL_SECONDS": "30",
    }


def _write(file: Path, *, ports: dict[str, str]) -> None:
    """Put the ports into the file, and whatever is missing; every other line stays."""
    old = (file.read_text() or HEADER).splitlines()
    kept = [line for line in old if line.partition("=")[0] not in ports]
    named = {line.partition("=")[0] for line in kept}
    missing = {name: value for name, value in _fresh().items() if name not in named}
    lines = kept + [f"{name}={value}" for name, value in (missing | ports).items()]
    file.write_text("\n".join(lines) + "\n")

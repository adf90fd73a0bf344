"""What a job sees under cron: it gets a handful of variables, and nothing of the shell that installed it."""

import hashlib
import json
import os
import pwd
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from subscriptions.crontab.entries import as_the_shell_gets_it
from subscriptions.crontab.installation import describe_database

FIELDS = re.compile(r"\s*(@\w+|(\S+\s+){4}\S+)\s+")
RUN = re.compile(r" crontab run [0-9a-f]+(?P<options>( --settings=\S+)?)")
TIMEOUT_SECONDS = 120

# Read by the libraries that reach the database and Stripe.
LIBRARIES = frozenset(
    "PGHOST PGPORT PGUSER PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGSSLMODE HTTP_PROXY HTTPS_PROXY ALL_PROXY "
    "NO_PROXY http_proxy https_proxy all_proxy no_proxy REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE "
    "SSL_CERT_DIR PYTHONPATH".split()
)


class RehearsalFailed(Exception):
    """The job would fail each time under cron; the message says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The database, and a digest of each setting and variable, as one process sees them."""

    database: str
    digests: dict[str, str]

    def missing_in(self, other: "Seen") -> list[str]:
        """Return the names of what is set here, and absent or different in the other."""
        return sorted(name for name, digest in self.digests.items() if other.digests.get(name) != digest)


def seen_here() -> Seen:
    values = {name: os.environ.get(name, "").strip() for name in settings.ENVIRONMENT_NAMES | LIBRARIES}
    digests = {
        name: hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
        for name, value in values.items()
        if value
    }
    return Seen(describe_database(), digests)


def to_json(seen: Seen) -> str:
    return json.dumps({"database": seen.database, "digests": seen.digests})


def rehearse(line: str, *, variables: Mapping[str, str]) -> Seen:
    """Start the command of an entry as cron would, but let it tell what it sees instead of syncing.

    `variables` are those that the crontab sets before the entry. Raises RehearsalFailed.
    """
    command = as_the_shell_gets_it(FIELDS.sub("", line.rstrip("\n"), count=1))
    run = RUN.search(command)
    if run is None:
        raise RehearsalFailed("the entry does not run this project's command")
    user = pwd.getpwuid(os.getuid())
    defaults = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "HOME": user.pw_dir}
    environment = {**defaults, **variables, "LOGNAME": user.pw_name}
    try:
        done = subprocess.run(  # noqa: S603  (the user's own crontab)
            [environment["SHELL"], "-c", f"{command[: run.start()]} crontab seen{run['options']}"],
            capture_output=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            env=environment,
            cwd=environment["HOME"] if Path(environment["HOME"]).is_dir() else "/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RehearsalFailed(str(error)) from error
    try:
        return Seen(**json.loads(done.stdout.decode().splitlines()[-1]))
    except (ValueError, TypeError, IndexError):
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise RehearsalFailed(said[-1]) from None

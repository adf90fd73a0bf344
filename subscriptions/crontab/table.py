"""The user's crontab, which holds other programs' jobs too: it is written only if all of it was read."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

# What crontab prints, with exit code 1, if a user has no table. Any other failure tells nothing about the table.
NO_TABLE = re.compile(r"(crontab: )?no crontab for [^\n]+")
LINE = re.compile(r"[^\n]*\n|[^\n]+")
TIMEOUT_SECONDS = 60


class CrontabFailed(Exception):
    """The crontab could not be read or written; the message says why."""

    @classmethod
    def no_program(cls, name: str) -> "CrontabFailed":
        return cls(
            f"there is no program {name} on this machine: install cron, or run the sync as a loop or by a timer"
        )

    @classmethod
    def not_read(cls, reason: str) -> "CrontabFailed":
        return cls(f"the crontab could not be read and is left as it is: {reason}")

    @classmethod
    def not_written(cls, reason: str) -> "CrontabFailed":
        return cls(f"the crontab was not written: {reason}")

    @classmethod
    def differs(cls) -> "CrontabFailed":
        return cls("the crontab is not as it was written; look at it with crontab -l")


@contextmanager
def locked() -> Iterator[None]:
    """Let no other installation of this user read and write the table at the same time."""
    home = os.open(str(Path.home()) if Path.home().is_dir() else "/", os.O_RDONLY)
    try:
        fcntl.flock(home, fcntl.LOCK_EX)
        yield
    finally:
        os.close(home)


def read() -> list[str]:
    """Return the lines of the table with their line breaks; none only if there surely is no table.

    Raises CrontabFailed.
    """
    done = _run("-l")
    if done.returncode == 0:
        return LINE.findall(_text(done.stdout))
    if not done.stdout and NO_TABLE.fullmatch(_text(done.stderr).strip()):
        return []
    raise CrontabFailed.not_read(_reason(done))


def write(lines: list[str]) -> None:
    """Replace the table, and read it again to see that it was replaced. Raises CrontabFailed."""
    descriptor, path = tempfile.mkstemp(prefix="crontab-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write("".join(lines).encode(errors="surrogateescape"))
        done = _run(path)
    finally:
        Path(path).unlink()
    if done.returncode != 0:
        raise CrontabFailed.not_written(_reason(done))
    # Some programs put lines of their own before the table.
    if lines and read()[-len(lines) :] != lines:
        raise CrontabFailed.differs()


def _run(argument: str) -> "subprocess.CompletedProcess[bytes]":
    name = getattr(settings, "CRONTAB_EXECUTABLE", "crontab")
    program = shutil.which(name)
    if program is None:
        raise CrontabFailed.no_program(name)
    # The message that there is no table must not be translated.
    environment = os.environ | {"LC_ALL": "C"}
    try:
        return subprocess.run(  # noqa: S603  (the user's own crontab program)
            [program, argument], capture_output=True, check=False, timeout=TIMEOUT_SECONDS, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CrontabFailed(f"{program} does not work: {error}") from error


def _text(output: bytes) -> str:
    """Return the output so that every byte of it can be written again, in whatever encoding it is."""
    return output.decode(errors="surrogateescape")


def _reason(done: "subprocess.CompletedProcess[bytes]") -> str:
    said = done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace").strip()
    return said.replace("\n", "; ") or f"exit code {done.returncode}"

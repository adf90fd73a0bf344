"""The lines of a crontab: written so that cron and the shell read them as meant, and recognised by their mark.

A command passes two readers. Cron ends it at a `%` without a backslash; then the shell splits it into words.
"""

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django_crontab.crontab import Crontab

from subscriptions.crontab.installation import Installation, site_of

MARK = re.compile(r"# standing-order:(?P<key>[0-9a-f]+):(?P<database>[0-9a-f]+) in (?P<folder>.+)$")
# Written by versions that marked an entry with the folder alone.
OLD_MARK = re.compile(r"# standing-order in (?P<folder>/.+)$")
VARIABLE = re.compile(r"""\s*(?P<quote>['"]?)(?P<name>[A-Za-z_]\w*)(?P=quote)\s*=\s*(?P<value>.*?)\s*""")


class CannotWriteEntry(Exception):
    """A name can't stand in a crontab; the message says which."""

    @classmethod
    def control_character(cls, text: str) -> "CannotWriteEntry":
        return cls(
            f"{text!r} contains a line break or another control character, which can't stand in a crontab: "
            "rename it, or run the sync as a loop or by a timer"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that runs the sync of some installation of this project."""

    line: str
    folder: Path
    key: str = ""
    database: str = ""

    @property
    def folder_is_gone(self) -> bool:
        """Whether the project is no longer there, so that the line fails each time."""
        return not (self.folder / "manage.py").exists()

    def belongs_to(self, installation: Installation) -> bool:
        """Whether this line is of the installation: of the same folder or of another release, or from before a move.

        A copy with the same secret key and a database of its own is another installation.
        """
        if site_of(self.folder) == site_of(installation.folder):
            return True
        if not self.key:
            return self.folder_is_gone
        return self.key == installation.key and (self.folder_is_gone or self.database == installation.database)


def make_lines(installation: Installation) -> list[str]:
    """Return django-crontab's lines for this installation. Raises CannotWriteEntry."""
    crontab = Crontab(verbosity=0)
    made = crontab.settings
    chosen = os.environ.get("ENV_FILE", "")
    made.COMMAND_PREFIX = f"ENV_FILE={quote_word(chosen)}" if chosen else ""
    made.PYTHON_EXECUTABLE = quote_word(str(installation.python))
    made.DJANGO_MANAGE_PATH = quote_word(str(installation.folder / "manage.py"))
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    made.DJANGO_SETTINGS_MODULE = "" if module == "config.settings" else module
    made.COMMAND_SUFFIX = f">> {quote_word(str(log_file(installation)))} 2>&1"
    folder = quote_word(str(installation.folder))
    made.CRONTAB_COMMENT = f"standing-order:{installation.key}:{installation.database} in {folder}"
    crontab.add_jobs()
    return list(crontab.crontab_lines)


def log_file(installation: Installation) -> Path:
    """Return the file that the entries write to: most machines can't send cron's mail."""
    return installation.folder / Path(settings.CRON_LOG).name


def parse(line: str) -> Entry | None:
    """Return the entry that a line is, or None if the line is anything else, a comment for example."""
    if line.lstrip().startswith("#"):
        return None
    text = as_the_shell_gets_it(line.rstrip("\n"))
    try:
        if found := MARK.search(text):
            return Entry(line, Path(shlex.split(found["folder"])[0]), found["key"], found["database"])
    except (ValueError, IndexError):
        return None
    found = OLD_MARK.search(text)
    return Entry(line, Path(found["folder"])) if found else None


def quote_word(text: str) -> str:
    r"""Return the text as one word for the shell, with each `%` as `\%` outside of quotes, for cron."""
    if any(ord(character) < ord(" ") or ord(character) == 0x7F for character in text):  # noqa: PLR2004
        raise CannotWriteEntry.control_character(text)
    return r"\%".join(shlex.quote(piece) if piece else "" for piece in text.split("%")) or "''"


def as_the_shell_gets_it(text: str) -> str:
    return text.replace(r"\%", "%")


def variables_of(lines: list[str]) -> dict[str, str]:
    """Return the variables that these lines of a crontab set for the jobs after them."""
    found = (VARIABLE.fullmatch(line.rstrip("\n")) for line in lines)
    return {each["name"]: _without_quotes(each["value"]) for each in found if each}


def _without_quotes(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value

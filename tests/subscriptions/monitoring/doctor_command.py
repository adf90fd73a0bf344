"""`manage.py stripe_doctor`, called in process, and its output by subject."""

from typing import NamedTuple

import pytest
from django.core.management import CommandError, call_command

URL = "http://127.0.0.1:8000/stripe/webhook/"

Output = pytest.CaptureFixture[str]


class Said(NamedTuple):
    """What the command said of each subject, and of problems left."""

    lines: dict[str, list[str]]
    left: str

    def of(self, subject: str) -> list[str]:
        return self.lines.get(subject, [])


class Doctor:
    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, *options: str) -> Said:
        self._output.readouterr()
        try:
            call_command("stripe_doctor", *options, no_color=True)
        except CommandError as error:
            left = str(error)
        else:
            left = ""
        lines: dict[str, list[str]] = {}
        for line in self._output.readouterr().out.replace("All is well.\n", "").splitlines():
            level, subject, message = line[:8].strip(), line[9:26].strip(), line[27:]
            lines.setdefault(subject, []).append(f"{level}: {message}" if level else message)
        return Said(lines, left)

"""`manage.py crontab`, on a crontab that is a file."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import ManagementUtility, call_command

from config import crontab
from tests.wording import ending, starting

# django-crontab leaves the program that it reads the crontab by to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """Reap these programs here: else Python does at the next one that any test starts, and warns there."""
    yield
    while subprocess._active:  # type: ignore[attr-defined]
        subprocess._cleanup()  # type: ignore[attr-defined]
        time.sleep(0.01)


FOREIGN = "0 4 * * * backup # django-cronjobs for config\n"

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def table(tmp_path: Path, settings: Any) -> Path:
    """The file that stands for the user's crontab, with an entry of another project."""
    table, program = tmp_path / "table", tmp_path / "crontab"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then cat {table}; else cat "$1" > {table}; fi\n')
    program.chmod(0o755)
    table.write_text(FOREIGN)
    settings.CRONTAB_EXECUTABLE = str(program)
    settings.CRONTAB_COMMENT = "standing-order in /srv/our shop"
    return table


def entries(table: Path) -> list[str]:
    lines = table.read_text().splitlines(keepends=True)
    assert lines[0] == FOREIGN
    assert lines[1:] == [ending("# standing-order in /srv/our shop\n")] * (len(lines) - 1)
    return lines[1:]


class TestAdd:
    def test_installs_two_entries_and_shows_them(self, table: Path, capsys: Output) -> None:
        call_command("crontab", "add")
        first, second = entries(table)
        assert capsys.readouterr().out == (f"Entries of this installation in the crontab: 2\n  {first}  {second}")

    def test_twice_makes_no_more(self, table: Path) -> None:
        call_command("crontab", "add")
        once = entries(table)
        call_command("crontab", "add")
        assert entries(table) == once

    def test_replaces_what_other_settings_had_made(self, table: Path, settings: Any) -> None:
        call_command("crontab", "add")
        before = entries(table)
        settings.CRONJOBS = crontab.sync_entries(every_seconds=300)
        call_command("crontab", "add")
        [entry] = entries(table)
        assert entry == starting("*/5 * * * * ")
        assert entry not in before


class TestRemove:
    def test_takes_out_its_own_alone(self, table: Path, settings: Any, capsys: Output) -> None:
        call_command("crontab", "add")
        settings.CRONJOBS = crontab.sync_entries(every_seconds=300)
        capsys.readouterr()
        call_command("crontab", "remove")
        assert entries(table) == []
        assert capsys.readouterr().out == "Entries of this installation in the crontab: 0\n"


class TestShow:
    def test_shows_what_other_settings_had_made(self, table: Path, settings: Any, capsys: Output) -> None:
        call_command("crontab", "add")
        settings.CRONJOBS = crontab.sync_entries(every_seconds=300)
        capsys.readouterr()
        call_command("crontab", "show")
        assert capsys.readouterr().out == starting("Entries of this installation in the crontab: 2\n  * * * * * ")
        assert len(entries(table)) == 2


class TestRun:
    def test_runs_though_no_webhook_secret_is_set(self, table: Path, settings: Any) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        settings.CRONJOBS = [("* * * * *", "tests.config.test_crontab.note", [str(table)])]
        call_command("crontab", "add")
        [entry] = entries(table)
        job = entry.partition("crontab run ")[2].split()[0]
        # Not by call_command, which leaves out the checks that a command makes.
        ManagementUtility(["manage.py", "crontab", "run", job]).execute()
        assert table.read_text() == "ran"


def note(path: str) -> None:
    Path(path).write_text("ran")

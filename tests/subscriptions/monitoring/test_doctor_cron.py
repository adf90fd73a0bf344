"""What the doctor says of cron: whether it really runs the sync, of which folder and which database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from subscriptions import cron
from subscriptions.crontab import daemon, entries
from subscriptions.crontab.installation import Installation, describe_database, this_installation
from subscriptions.models import SyncState
from subscriptions.monitoring.doctor.cron import check_cron
from tests.fixtures import LocalStripe
from tests.subscriptions.crontab.debian import FakeCrontab
from tests.wording import starting

pytestmark = pytest.mark.django_db

HERE = str(settings.BASE_DIR)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def installed(crontab: FakeCrontab) -> FakeCrontab:
    crontab.table.write_text("".join(entries.make_lines(this_installation())))
    return crontab


def said(now: datetime = NOW) -> list[str]:
    return [f"{finding.level}: {finding.message}" for finding in check_cron(now=now)]


def ran(folder: str = HERE, ago: timedelta = timedelta()) -> None:
    SyncState.objects.create(cron_folder=folder, cron_started_at=NOW - ago)


class TestCronRunsTheSync:
    def test_of_this_folder_and_database(self, installed: FakeCrontab, local_stripe: LocalStripe) -> None:
        cron.sync()
        started_at = SyncState.objects.get().cron_started_at
        assert started_at
        assert said(started_at + timedelta(seconds=12)) == [
            f"ok: It started the sync of {HERE} 12 s ago, on the database {describe_database()}."
        ]

    def test_of_another_folder(self, installed: FakeCrontab) -> None:
        ran("/srv/old")
        assert said() == [
            (
                f"problem: Cron ran the sync of /srv/old on this database 0 s ago, and this is {HERE}. "
                "Remove the entries there, by `manage.py crontab remove` or crontab -e."
            )
        ]

    def test_by_entries_of_others(self, crontab: FakeCrontab) -> None:
        ran()
        assert said() == [
            f"ok: It started the sync of {HERE} 0 s ago, by entries in the crontab of another user or machine."
        ]


class TestCronDoesNotRunTheSync:
    def test_without_entries(self, crontab: FakeCrontab) -> None:
        ran(ago=timedelta(days=1))
        assert said() == [
            (
                "ok: It does not run the sync here: this user's crontab has no entry for it. "
                "A loop or a timer has to run it."
            )
        ]

    def test_without_a_crontab(self, settings: Any) -> None:
        settings.CRONTAB_EXECUTABLE = "no-crontab"
        assert said() == [
            starting("ok: It does not run the sync here: there is no program no-crontab on this machine")
        ]

    def test_that_is_forbidden(self, installed: FakeCrontab) -> None:
        installed.will("deny")
        assert said() == [starting("ok: It does not run the sync here: the crontab could not be read")]

    @pytest.mark.parametrize(
        ("ago", "last"), [(None, "yet"), (timedelta(hours=3), "for 3 h"), (timedelta(days=-40), "yet")]
    )
    def test_though_it_should(self, installed: FakeCrontab, ago: timedelta | None, last: str) -> None:
        if ago:
            ran(ago=ago)
        # The settings of the tests come from their environment.
        assert said() == [
            (
                f"problem: The entries are installed, but cron has not run the sync of this database {last}. "
                "Started as cron starts it, the sync fails: "
                "SECRET_KEY is not set: `make install` writes one into .env."
            )
        ]

    def test_because_it_uses_another_database(self, installed: FakeCrontab) -> None:
        variables = "SECRET_KEY=k\nDATABASE_URL=sqlite:////no/such/db\n"
        installed.table.write_text(variables + installed.table.read_text())
        [problem] = said()
        assert f"It uses another database, SQLite /no/such/db, and not {describe_database()}. " in problem


class TestEntries:
    def test_of_a_folder_that_is_gone(self, crontab: FakeCrontab) -> None:
        gone = Installation(Path("/srv/gone"), Path("/usr/bin/python3"))
        crontab.table.write_text("".join(entries.make_lines(gone)))
        assert said() == [
            "problem: The entries fail each minute: /srv/gone is gone. Run `manage.py crontab add` again."
        ]

    def test_of_another_installation_that_is_gone(self, installed: FakeCrontab, settings: Any) -> None:
        ours, settings.SECRET_KEY = settings.SECRET_KEY, "another"
        gone = entries.make_lines(Installation(Path("/srv/gone"), Path("/usr/bin/python3")))
        settings.SECRET_KEY = ours
        with installed.table.open("a") as table:
            table.writelines(gone)
        ran()
        assert said() == [
            "note: 2 lines in the crontab for /srv/gone, which is gone. Delete them by crontab -e.",
            starting(f"ok: It started the sync of {HERE}"),
        ]

    def test_that_run_another_release(self, crontab: FakeCrontab, tmp_path: Path, settings: Any) -> None:
        for number in "12":
            (tmp_path / "releases" / number).mkdir(parents=True)
            (tmp_path / "releases" / number / "manage.py").touch()
        old = Installation(tmp_path / "releases" / "1", Path("/usr/bin/python3"))
        crontab.table.write_text("".join(entries.make_lines(old)))
        settings.BASE_DIR = tmp_path / "releases" / "2"
        ran(str(tmp_path / "releases" / "1"))
        assert said() == [f"problem: The entries run the code in {old.folder}. Run `manage.py crontab add` again."]

    def test_for_another_interval(self, installed: FakeCrontab, settings: Any) -> None:
        settings.CRONJOBS = [("*/5 * * * *", "subscriptions.cron.sync", [], {})]
        settings.SYNC_INTERVAL_SECONDS = 300
        ran()
        assert said() == [
            "problem: The entries do not fit SYNC_INTERVAL_SECONDS=300. Run `manage.py crontab add` again."
        ]


def test_the_daemon_is_looked_for_among_the_processes() -> None:
    assert daemon.is_running() in {True, False, None}

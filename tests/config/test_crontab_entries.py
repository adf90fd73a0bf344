"""The crontab entries, and the lines that django-crontab makes of them."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django_crontab.crontab import Crontab
from pytest_django import Settings

from config import crontab as schedule
from tests.wording import ending, starting


class TestSyncEntries:
    def test_thirty_seconds_are_two_entries_a_minute(self) -> None:
        assert schedule.sync_entries(every_seconds=30) == [
            ("* * * * *", "subscriptions.cron.sync", [], {}),
            ("* * * * *", "subscriptions.cron.sync", [], {"delay": 30}),
        ]

    @pytest.mark.parametrize(
        ("seconds", "times"),
        [
            (60, "* * * * *"),
            (120, "*/2 * * * *"),
            (7 * 60, "*/7 * * * *"),
            (3600, "0 */1 * * *"),
            (5400, "0 */1 * * *"),
            (6 * 3600, "0 */6 * * *"),
            (24 * 3600, "0 0 * * *"),
            (72 * 3600, "0 0 * * *"),
        ],
    )
    def test_whole_minutes_are_one(self, seconds: int, times: str) -> None:
        assert schedule.sync_entries(every_seconds=seconds) == [(times, "subscriptions.cron.sync", [], {})]

    @pytest.mark.parametrize("seconds", [0, 1, 15, 31, 45, 59, 61, 90])
    def test_refuses_what_cron_cannot_do(self, seconds: int) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^SYNC_INTERVAL_SECONDS must be 30, or whole minutes"):
            schedule.sync_entries(every_seconds=seconds)


class TestEnvironmentPrefix:
    def test_nothing_for_the_usual_file(self, bare_environment: None) -> None:
        assert schedule.environment_prefix() == ""

    def test_names_another_file(self, bare_environment: None) -> None:
        os.environ["ENV_FILE"] = "/etc/our shop/env"
        assert schedule.environment_prefix() == "ENV_FILE='/etc/our shop/env'"


class TestCrontabLines:
    def test_run_the_job_and_keep_its_output(self, settings: Settings) -> None:
        settings.CRONTAB_COMMAND_PREFIX = ""
        settings.CRONTAB_COMMAND_SUFFIX = schedule.log_suffix(file=Path("/srv/shop/cron.log"))
        crontab = Crontab(verbosity=0)
        crontab.add_jobs()
        assert len(crontab.crontab_lines) == 2
        for line in crontab.crontab_lines:
            assert line == starting("* * * * * ")
            assert f"{settings.BASE_DIR}/manage.py crontab run " in line
            assert line == ending(f">> /srv/shop/cron.log 2>&1 # standing-order in {settings.BASE_DIR}\n")

    def test_are_removed_again(self) -> None:
        crontab = Crontab(verbosity=0)
        crontab.crontab_lines = ["0 4 * * * backup # django-cronjobs for config\n"]
        crontab.add_jobs()
        crontab.remove_jobs()
        assert crontab.crontab_lines == ["0 4 * * * backup # django-cronjobs for config\n"]

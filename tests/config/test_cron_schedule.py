"""How often cron runs the sync."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import crontab as schedule


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

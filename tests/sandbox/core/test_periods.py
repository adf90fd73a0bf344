from datetime import UTC, datetime

import pytest

from sandbox.core import periods


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def shown(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M")


def boundaries(anchor: str, interval: str, count: int, numbers: range) -> list[str]:
    return [
        shown(periods.boundary(anchor=at(anchor), interval=interval, interval_count=count, number=number))
        for number in numbers
    ]


class TestBoundary:
    def test_keeps_the_anchor_day_after_a_short_month(self):
        assert boundaries("2027-01-31 10:30", "month", 1, range(5)) == [
            "2027-01-31 10:30",
            "2027-02-28 10:30",
            "2027-03-31 10:30",
            "2027-04-30 10:30",
            "2027-05-31 10:30",
        ]

    def test_uses_the_leap_day_where_there_is_one(self):
        assert boundaries("2028-01-31", "month", 1, range(1, 2)) == ["2028-02-29 00:00"]
        assert boundaries("2028-02-29", "year", 1, range(1, 5)) == [
            "2029-02-28 00:00",
            "2030-02-28 00:00",
            "2031-02-28 00:00",
            "2032-02-29 00:00",
        ]

    def test_counts_days_weeks_and_several_months(self):
        assert boundaries("2026-12-25", "day", 10, range(1, 2)) == ["2027-01-04 00:00"]
        assert boundaries("2026-12-25", "week", 2, range(1, 2)) == ["2027-01-08 00:00"]
        assert boundaries("2026-11-30", "month", 3, range(1, 3)) == ["2027-02-28 00:00", "2027-05-30 00:00"]

    def test_counts_backwards(self):
        assert boundaries("2027-03-31", "month", 1, range(-1, 0)) == ["2027-02-28 00:00"]


class TestCurrent:
    @pytest.mark.parametrize(
        ("moment", "start", "end"),
        [
            ("2027-01-31 10:30", "2027-01-31 10:30", "2027-02-28 10:30"),
            ("2027-02-28 10:29", "2027-01-31 10:30", "2027-02-28 10:30"),
            ("2027-02-28 10:30", "2027-02-28 10:30", "2027-03-31 10:30"),
            ("2027-03-30 00:00", "2027-02-28 10:30", "2027-03-31 10:30"),
            ("2027-01-31 10:29", "2026-12-31 10:30", "2027-01-31 10:30"),
            ("2035-07-01 00:00", "2035-06-30 10:30", "2035-07-31 10:30"),
        ],
    )
    def test_finds_the_month_around_a_moment(self, moment, start, end):
        found = periods.current(anchor=at("2027-01-31 10:30"), interval="month", interval_count=1, at=at(moment))

        assert tuple(map(shown, found)) == (start, end)

    def test_finds_the_fortnight_around_a_moment(self):
        found = periods.current(anchor=at("2026-12-25"), interval="week", interval_count=2, at=at("2027-01-22"))

        assert tuple(map(shown, found)) == ("2027-01-22 00:00", "2027-02-05 00:00")

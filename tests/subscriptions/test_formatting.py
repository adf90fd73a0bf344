"""Durations in words."""

from datetime import timedelta

import pytest

from subscriptions.formatting import format_duration


class TestFormatDuration:
    @pytest.mark.parametrize(
        ("span", "words"),
        [
            (timedelta(), "0 s"),
            (timedelta(seconds=-3), "0 s"),
            (timedelta(seconds=119), "119 s"),
            (timedelta(seconds=120), "2 min"),
            (timedelta(minutes=119), "119 min"),
            (timedelta(hours=2), "2 h"),
            (timedelta(hours=47), "47 h"),
            (timedelta(days=2), "2 d"),
        ],
    )
    def test_names_one_unit(self, span: timedelta, words: str) -> None:
        assert format_duration(span) == words

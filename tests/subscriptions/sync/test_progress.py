"""How far a long run has come: what a terminal shows, what a log says, and where a run may be stopped."""

import io
import logging
import threading
import time

import pytest

from subscriptions.sync import progress
from subscriptions.sync.progress import (
    Bar,
    Interrupted,
    Lines,
    Progress,
    Stoppable,
)
from tests.wording import starting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="subscriptions.sync.progress")
    return caplog


class TestForStream:
    def test_a_terminal_gets_a_bar_and_a_file_lines(self) -> None:
        assert isinstance(progress.for_stream(Terminal()), Bar)
        assert isinstance(progress.for_stream(io.StringIO()), Lines)


class TestBar:
    def test_shows_count_total_rate_and_what_comes_next(self) -> None:
        terminal = Terminal()
        bar = Bar(terminal, delay=0)
        bar.expect(1000)
        time.sleep(0.2)  # It is drawn ten times a second.
        bar.step(100, "page 2")
        shown = terminal.getvalue().split("\r")[-1]
        assert shown == starting("Comparing:  10%|")
        assert "| 100/1000 [" in shown
        assert "subscriptions/s, page 2]" in shown
        bar.finish()

    def test_leaves_nothing_behind(self) -> None:
        terminal = Terminal()
        bar = Bar(terminal, delay=0)
        bar.expect(1000)
        bar.finish()
        bar.finish()
        assert terminal.getvalue().split("\r")[-2].strip() == ""
        assert "\n" not in terminal.getvalue()

    def test_is_not_shown_for_what_is_over_in_two_seconds(self) -> None:
        terminal = Terminal()
        bar = Bar(terminal)
        bar.expect(1000)
        bar.step(1000)
        bar.finish()
        assert terminal.getvalue() == ""

    @pytest.mark.parametrize("total", [None, 0])
    def test_an_unknown_total_shows_the_count_alone(self, total: int | None) -> None:
        terminal = Terminal()
        bar = Bar(terminal, delay=0)
        bar.expect(total)
        time.sleep(0.2)  # It is drawn ten times a second.
        bar.step(100)
        assert terminal.getvalue().split("\r")[-1] == starting("Comparing: 100 subscriptions [")
        bar.finish()

    def test_starts_no_thread(self) -> None:
        before = threading.active_count()
        bar = Bar(Terminal(), delay=0)
        bar.expect(10)
        assert threading.active_count() == before
        bar.finish()


class TestLines:
    def test_are_ten_seconds_apart(self, clock: Clock, log: pytest.LogCaptureFixture) -> None:
        lines = Lines(clock)
        lines.expect(10_000)
        for _ in range(50):
            clock.seconds += 0.5
            lines.step(100)
        assert log.messages == [
            "2,000 of about 10,000 subscriptions compared, 200 a second, about 40 s left",
            "4,000 of about 10,000 subscriptions compared, 200 a second, about 30 s left",
        ]

    def test_a_short_run_has_none(self, clock: Clock, log: pytest.LogCaptureFixture) -> None:
        lines = Lines(clock)
        lines.expect(100)
        clock.seconds += 9
        lines.step(100)
        lines.finish()
        assert log.messages == []

    def test_more_than_expected_has_no_time_left(self, clock: Clock, log: pytest.LogCaptureFixture) -> None:
        lines = Lines(clock)
        lines.expect(100)
        clock.seconds += 10
        lines.step(500, "invoices")
        assert log.messages == ["500 subscriptions compared, 50 a second, invoices"]

    def test_nothing_done_yet_is_no_division_by_zero(self, clock: Clock, log: pytest.LogCaptureFixture) -> None:
        lines = Lines(clock)
        lines.expect(100)
        clock.seconds += 10
        lines.step(0, "catalog")
        assert log.messages == ["0 of about 100 subscriptions compared, 0 a second, catalog"]


class TestStoppable:
    def test_passes_on_and_ends_the_run_at_the_next_step(self, clock: Clock, log: pytest.LogCaptureFixture) -> None:
        asked = False
        stoppable = Stoppable(Lines(clock), lambda: asked)
        stoppable.expect(1000)
        clock.seconds += 10
        stoppable.step(100)
        asked = True
        with pytest.raises(Interrupted):
            stoppable.step(100)
        stoppable.finish()
        assert log.messages == ["100 of about 1,000 subscriptions compared, 10 a second, about 90 s left"]


class TestSilent:
    def test_says_nothing(self, capfd: pytest.CaptureFixture[str]) -> None:
        silent = Progress()
        silent.expect(10)
        silent.step(10)
        silent.finish()
        assert capfd.readouterr() == ("", "")
